import type { AllocatorContext } from './allocator-context.ts';
import type { EniId } from './ec2-ids.ts';
import { EniAllocatorError } from './eni-allocator-error.ts';
import { type CallOptions, type DeviceSlot, type EniTruth, isInPrimarySlot } from './ports.ts';
import { sleepOptions } from './with-retry.ts';

/** EC2 takes seconds to detach; an instance that does not let go takes for ever. */
const FREE_LIMIT_MS = 120_000;
const FIRST_LOOK_MS = 250;
const SLOWEST_LOOK_MS = 4_000;
/** EC2's reads may lag behind: what it shows so soon after a detachment began may be older. */
const DETACH_AGAIN_MS = 10_000;

/**
 * Looks at the ENI and does the next thing, until it is gone: attached → detach, detaching → wait,
 * otherwise → delete. Working from what EC2 shows rather than from a list of steps makes it safe to
 * repeat after a crash and indifferent to answers that got lost.
 */
export async function freeEni(
  context: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<void> {
  const { ec2, clock, slots } = context;
  const giveUpAtMs = clock.nowMs() + FREE_LIMIT_MS;
  let slot: DeviceSlot | undefined;
  let detachAtMs = Number.NEGATIVE_INFINITY;
  for (let delayMs = FIRST_LOOK_MS; ; delayMs = Math.min(2 * delayMs, SLOWEST_LOOK_MS)) {
    const [eni] = await ec2.describeEnis({ eniIds: [eniId] }, options);
    if (eni?.attachmentId === undefined) {
      // Not described is not proof: a new ENI may not be visible yet. Deleting settles it.
      if ((await ec2.deleteEni(eniId, options)) !== 'in-use') {
        if (slot !== undefined) {
          slots.release(slot);
        }
        return;
      }
    } else if (eni.status !== 'detaching' && clock.nowMs() >= detachAtMs) {
      refuseToDetach(context, eni);
      slot = slotOf(eni);
      const outcome = await ec2.detachEni({ eniId, attachmentId: eni.attachmentId }, options);
      if (outcome === 'detaching') detachAtMs = clock.nowMs() + DETACH_AGAIN_MS;
    }
    if (clock.nowMs() + delayMs > giveUpAtMs) {
      throw stillThere(eniId, eni);
    }
    await clock.sleep(delayMs, sleepOptions(options.signal));
  }
}

const slotOf = ({ networkCardIndex = 0, deviceNumber = 0 }: EniTruth): DeviceSlot => ({
  networkCardIndex,
  deviceNumber,
});

/** Nobody but its own instance may take an ENI away, and the primary one stays. */
function refuseToDetach({ owner }: AllocatorContext, eni: EniTruth): void {
  const facts = { eniId: eni.eniId, instanceId: eni.instanceId ?? 'unknown' };
  if (eni.instanceId !== owner.instanceId) {
    throw new EniAllocatorError(
      'invalid-request',
      `freeing ${eni.eniId}: it is attached to ${facts.instanceId}, not to ${owner.instanceId}`,
      { facts },
    );
  }
  if (isInPrimarySlot(eni)) {
    throw new EniAllocatorError(
      'invalid-request',
      `freeing ${eni.eniId}: it is the primary ENI of ${owner.instanceId}`,
      { facts },
    );
  }
}

function stillThere(eniId: EniId, eni: EniTruth | undefined): EniAllocatorError {
  const status = eni?.status ?? 'in use';
  return new EniAllocatorError(
    'unexpected',
    `freeing ${eniId}: after ${FREE_LIMIT_MS / 1000} s EC2 still shows it as ${status}; ` +
      'try again, or see whether something on the instance holds on to it',
    { facts: { eniId, status, limitMs: FREE_LIMIT_MS } },
  );
}
