import type { AllocatorContext } from './allocator-context.ts';
import type { EniId } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import {
  ENI_DESCRIPTION_PREFIX,
  ENI_TAGS,
  formatCreatedAt,
  parseCreatedAt,
  tagsOfOwner,
} from './eni-tags.ts';
import type { CallOptions, EniProperties, EniTruth } from './ports.ts';
import { deletableUnfinished, deleteUnfinished } from './unfinished-enis.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface DeleteLeakedEnisRequest extends CallOptions {
  /**
   * Younger ENIs are spared: another process may be about to attach them. Milliseconds. Those that this
   * allocator is attaching are spared at any age, those that it remembers as unfinished at none.
   */
  readonly olderThanMs: number;
  /**
   * Whose ENIs: this instance's, or those of all instances of the cluster, gone ones included.
   *
   * Another node's ENI may be off its instance for a moment only. So of the `cluster`, an ENI goes only
   * if an earlier sweep by this allocator, at least `olderThanMs` ago, and every one since have seen it
   * attached nowhere. The first sweep deletes nothing but what this allocator itself left unfinished.
   * Default: `instance`.
   */
  readonly scope?: 'instance' | 'cluster';
  /** ENIs for which this is true stay, whatever their age. Default: none. */
  readonly isNeeded?: (eni: EniTruth) => boolean;
  /** Changes nothing in EC2, and returns what it would delete. Default: false. */
  readonly dryRun?: boolean;
}

export async function deleteLeakedEnis(
  context: AllocatorContext,
  request: DeleteLeakedEnisRequest,
): Promise<readonly EniId[]> {
  const options = { signal: request.signal };
  if (request.dryRun === true) {
    const unfinished = await deletableUnfinished(context, options);
    const { leaked } = await findLeaked(context, request);
    return [...unfinished, ...leaked].map(({ eniId }) => eniId);
  }
  const retried = await deleteUnfinished(context, options);
  const { leaked, ageless } = await findLeaked(context, request);
  const deleted = [...retried.deleted];
  const failures = [...retried.failures];
  const attempt = async (eni: EniTruth, act: (eni: EniTruth) => Promise<void>) => {
    try {
      await act(eni);
    } catch (error) {
      request.signal?.throwIfAborted();
      failures.push(error);
    }
  };
  for (const eni of ageless) {
    await attempt(eni, () => startAge(context, eni, options));
  }
  for (const eni of leaked) {
    await attempt(eni, async ({ eniId }) => {
      // In use by now, or already gone: either way it is not leaked any more.
      if ((await context.ec2.deleteEni(eniId, options)) === 'deleted') {
        deleted.push(eniId);
      }
    });
  }
  if (failures.length > 0) {
    const figures = `${failures.length} failed, ${deleted.length} deleted`;
    const { instanceId, clusterName } = context.owner;
    const whose = request.scope === 'cluster' ? `cluster ${clusterName}` : instanceId;
    throw new AggregateError(failures, `deleting leaked ENIs of ${whose}: ${figures}`);
  }
  return deleted;
}

/** What is to be deleted, and what has to be given an age first. */
async function findLeaked(
  context: AllocatorContext,
  { olderThanMs, scope = 'instance', isNeeded = () => false, signal }: DeleteLeakedEnisRequest,
): Promise<{ readonly leaked: readonly EniTruth[]; readonly ageless: readonly EniTruth[] }> {
  const { ec2, clock, unfinished, underWay, sightings } = context;
  const askedAtMs = clock.nowMs();
  const described = await ec2.describeEnis(filterFor(context, scope), { signal });
  // EC2 may have created one already that this very allocator has not heard of yet.
  await unlessAborted(Promise.allSettled(underWay.creating), signal);
  const candidates = described.filter(
    (eni) =>
      eni.description.startsWith(ENI_DESCRIPTION_PREFIX) &&
      !unfinished.has(eni.eniId) &&
      !underWay.attaching.has(eni.eniId) &&
      !isNeeded(eni),
  );
  const isOld = (eni: EniTruth) => askedAtMs - (createdAtMs(eni) ?? askedAtMs) > olderThanMs;
  const isSeenLongEnough = ({ eniId }: EniTruth) => {
    const sinceMs = sightings.get(eniId);
    return sinceMs !== undefined && askedAtMs - sinceMs >= olderThanMs;
  };
  const found = {
    ageless: candidates.filter((eni) => createdAtMs(eni) === undefined),
    leaked: candidates.filter(
      (eni) => isOld(eni) && (scope === 'instance' || isSeenLongEnough(eni)),
    ),
  };
  if (scope === 'cluster') {
    noteSightings(sightings, described, clock.nowMs());
  }
  return found;
}

function filterFor(
  { owner, vpcId }: AllocatorContext,
  scope: 'instance' | 'cluster',
): EniProperties {
  const tags = tagsOfOwner(owner);
  if (scope === 'instance') {
    return { status: 'available', tags };
  }
  const { [ENI_TAGS.instanceId]: _anyInstance, ...tagsOfCluster } = tags;
  return { status: 'available', tags: tagsOfCluster, tagKeys: [ENI_TAGS.instanceId], vpcId };
}

/**
 * Keeps, of each ENI that a sweep has seen, the instant since when all of them have. An ENI that a sweep
 * has not seen was on an instance meanwhile: it counts anew.
 */
function noteSightings(
  sightings: Map<EniId, number>,
  seen: readonly EniTruth[],
  nowMs: number,
): void {
  const sinceMs = seen.map(({ eniId }) => [eniId, sightings.get(eniId) ?? nowMs] as const);
  sightings.clear();
  for (const [eniId, ms] of sinceMs) {
    sightings.set(eniId, ms);
  }
}

const createdAtMs = ({ tags }: EniTruth): number | undefined =>
  parseCreatedAt(tags[ENI_TAGS.createdAt]);

/** The age of the ENI is unknown: it starts to count now. */
async function startAge(
  { ec2, clock, degradations }: AllocatorContext,
  { eniId }: EniTruth,
  options: CallOptions,
): Promise<void> {
  const tags = { [ENI_TAGS.createdAt]: formatCreatedAt(clock.nowMs()) };
  try {
    await ec2.createTags({ eniId, tags }, options);
  } catch (error) {
    if (!isEniAllocatorError(error) || error.reaction !== 'permission') {
      throw error;
    }
    degradations.failed('eni-tags', error);
  }
}
