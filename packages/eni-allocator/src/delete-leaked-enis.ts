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
import type { CallOptions, EniTruth } from './ports.ts';
import { deleteUnfinished } from './unfinished-enis.ts';

export interface DeleteLeakedEnisRequest extends CallOptions {
  /**
   * Younger ENIs are spared: they may be between create and attach. Milliseconds. Those that this
   * allocator remembers as unfinished are not.
   */
  readonly olderThanMs: number;
  /** ENIs for which this is true stay, whatever their age. Default: none. */
  readonly isNeeded?: (eni: EniTruth) => boolean;
}

export async function deleteLeakedEnis(
  context: AllocatorContext,
  request: DeleteLeakedEnisRequest,
): Promise<readonly EniId[]> {
  const { ec2, owner, unfinished } = context;
  const options = { signal: request.signal };
  const retried = await deleteUnfinished(context, options);
  const deleted = [...retried.deleted];
  const failures = [...retried.failures];
  const filter = { status: 'available', tags: tagsOfOwner(owner) } as const;
  const described = await ec2.describeEnis(filter, options);
  const { isNeeded = () => false } = request;
  const candidates = described.filter((eni) => !unfinished.has(eni.eniId) && !isNeeded(eni));
  for (const eni of candidates) {
    try {
      if (await deleteIfLeaked(context, eni, request)) {
        deleted.push(eni.eniId);
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) {
    throw new AggregateError(
      failures,
      `deleting leaked ENIs of ${owner.instanceId}: ${failures.length} failed, ${deleted.length} deleted`,
    );
  }
  return deleted;
}

async function deleteIfLeaked(
  { ec2, clock, degradations }: AllocatorContext,
  eni: EniTruth,
  { olderThanMs, signal }: DeleteLeakedEnisRequest,
): Promise<boolean> {
  if (!eni.description.startsWith(ENI_DESCRIPTION_PREFIX)) {
    return false;
  }
  const nowMs = clock.nowMs();
  const createdAtMs = parseCreatedAt(eni.tags[ENI_TAGS.createdAt]);
  if (createdAtMs === undefined) {
    // Its age is unknown: it starts to count now.
    const tags = { [ENI_TAGS.createdAt]: formatCreatedAt(nowMs) };
    try {
      await ec2.createTags({ eniId: eni.eniId, tags }, { signal });
    } catch (error) {
      if (!isEniAllocatorError(error) || error.reaction !== 'permission') {
        throw error;
      }
      degradations.failed('eni-tags', error);
    }
    return false;
  }
  if (nowMs - createdAtMs <= olderThanMs) {
    return false;
  }
  // In use by now, or already gone: either way it is not leaked any more.
  return (await ec2.deleteEni(eni.eniId, { signal })) === 'deleted';
}
