import type { AllocatorContext } from './allocator-context.ts';
import type { OptionalFeature } from './allocator-events.ts';
import type { EniId, SecurityGroupId } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import { ENI_DESCRIPTION_PREFIX, ENI_TAGS, type EniOwner, tagsOfExistingEni } from './eni-tags.ts';
import { type CallOptions, type EniTruth, isInPrimarySlot } from './ports.ts';

/**
 * Gives each ENI the tags it lacks. Trunk ENIs are the resource controller's and keep theirs.
 *
 * @returns the ENIs that were changed.
 */
export const syncTags = (
  context: AllocatorContext,
  enis: readonly EniTruth[],
  options: CallOptions,
): Promise<readonly EniId[]> =>
  adjustEach(context, 'eni-tags', enis, options, (eni) => {
    const tags = missingTags(eni, tagsOfExistingEni(context.owner));
    return eni.interfaceType === 'trunk' || Object.keys(tags).length === 0
      ? undefined
      : context.ec2.createTags({ eniId: eni.eniId, tags }, options);
  });

/**
 * Gives each ENI exactly these security groups, if it has others.
 *
 * @returns the ENIs that were changed.
 */
export function syncSecurityGroups(
  context: AllocatorContext,
  enis: readonly EniTruth[],
  securityGroupIds: readonly SecurityGroupId[],
  options: CallOptions,
): Promise<readonly EniId[]> {
  const wanted = [...new Set(securityGroupIds)].sort();
  return adjustEach(context, 'security-groups', enis, options, (eni) =>
    [...eni.securityGroupIds].sort().join() === wanted.join()
      ? undefined
      : context.ec2.setSecurityGroups({ eniId: eni.eniId, securityGroupIds: wanted }, options),
  );
}

/**
 * Lets each ENI that we created for this instance go with it: a process that died between attaching and
 * saying so leaves one that would stay.
 *
 * @returns the ENIs that were changed.
 */
export const syncDeleteOnTermination = (
  context: AllocatorContext,
  enis: readonly EniTruth[],
  options: CallOptions,
): Promise<readonly EniId[]> =>
  adjustEach(context, 'delete-on-termination', enis, options, (eni) => {
    const { eniId, attachmentId } = eni;
    return attachmentId === undefined || !wouldOutlive(eni, context.owner)
      ? undefined
      : context.ec2.setDeleteOnTermination({ eniId, attachmentId }, options);
  });

/** Whether an ENI of ours would stay when its instance goes. */
const wouldOutlive = (eni: EniTruth, { instanceId }: EniOwner): boolean =>
  eni.isDeletedOnTermination === false &&
  eni.instanceId === instanceId &&
  !isInPrimarySlot(eni) &&
  eni.description.startsWith(ENI_DESCRIPTION_PREFIX) &&
  eni.tags[ENI_TAGS.instanceId] === instanceId;

function missingTags(
  eni: EniTruth,
  wanted: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => eni.tags[key] !== value),
  );
}

/**
 * Calls EC2 for each ENI for which `adjust` finds something to do. What fails is gathered and thrown
 * at the end; an ENI that is gone is nothing to adjust. A missing permission ends the pass and is an
 * event, not a failure: the ENIs work as they are.
 */
async function adjustEach(
  { degradations }: AllocatorContext,
  feature: OptionalFeature,
  enis: readonly EniTruth[],
  { signal }: CallOptions,
  adjust: (eni: EniTruth) => Promise<void> | undefined,
): Promise<readonly EniId[]> {
  const changed: EniId[] = [];
  const failures: unknown[] = [];
  for (const eni of enis) {
    const call = adjust(eni);
    if (call === undefined) {
      continue;
    }
    try {
      await call;
      changed.push(eni.eniId);
      degradations.worked(feature);
    } catch (error) {
      signal?.throwIfAborted();
      const reaction = isEniAllocatorError(error) ? error.reaction : undefined;
      if (isEniAllocatorError(error) && reaction === 'permission') {
        degradations.failed(feature, error);
        break;
      }
      if (reaction !== 'gone') {
        failures.push(error);
      }
    }
  }
  if (failures.length > 0) {
    const figures = `${failures.length} failed, ${changed.length} changed`;
    throw new AggregateError(failures, `adjusting ENIs (${feature}): ${figures}`);
  }
  return changed;
}
