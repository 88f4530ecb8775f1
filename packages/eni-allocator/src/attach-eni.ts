import type { AllocatorContext } from './allocator-context.ts';
import type { EniAttachmentId, EniId } from './ec2-ids.ts';
import { EniAllocatorError, isEniAllocatorError } from './eni-allocator-error.ts';
import type { CallOptions, DeviceSlot } from './ports.ts';
import { sleepOptions } from './with-retry.ts';

/** Where an ENI ended up. */
export interface Attachment extends DeviceSlot {
  readonly attachmentId: EniAttachmentId;
}

/** A new ENI may be unknown to the next call for a moment. */
const VISIBILITY_ATTEMPTS = 5;
const VISIBILITY_DELAY_MS = 500;

/**
 * Attaches the ENI to the slot, or to the next free one of its card that nobody else takes meanwhile.
 *
 * @param used slots known to be taken, `reserved` not among them. `reserved` is released or filled.
 */
export async function attachEni(
  context: AllocatorContext,
  eniId: EniId,
  { used, reserved }: { readonly used: readonly DeviceSlot[]; readonly reserved: DeviceSlot },
  options: CallOptions,
): Promise<Attachment> {
  const { slots } = context;
  const taken = [...used];
  for (let slot = reserved; ; slot = slots.reserve(taken, slot.networkCardIndex)) {
    let attachment: Attachment | undefined;
    try {
      attachment = await attachTo(context, eniId, slot, options);
    } catch (error) {
      if (isEniAllocatorError(error) && error.code === 'eni-limit-reached') {
        await learnEniLimit(context, slot, options);
      }
      throw error;
    } finally {
      slots.release(slot);
    }
    if (attachment !== undefined) {
      slots.fill(attachment);
      return attachment;
    }
    taken.push(slot);
  }
}

/** What the card holds is all it takes. When EC2 does not say how much that is, nothing is learned. */
async function learnEniLimit(
  { ec2, owner, limits }: AllocatorContext,
  { networkCardIndex }: DeviceSlot,
  options: CallOptions,
): Promise<void> {
  if (limits.now() === undefined) {
    return;
  }
  const used = await ec2.describeUsedDeviceIndexes(owner.instanceId, options).catch(() => []);
  const held = used.filter((slot) => slot.networkCardIndex === networkCardIndex).length;
  if (held > 0) {
    limits.note({ limit: 'enis-on-card', networkCardIndex, held });
    limits.note({ limit: 'enis-on-card', networkCardIndex, refused: held + 1 });
  }
}

/** The attachment, or `undefined` when somebody else took the slot meanwhile. */
async function attachTo(
  context: AllocatorContext,
  eniId: EniId,
  { networkCardIndex, deviceNumber }: DeviceSlot,
  options: CallOptions,
): Promise<Attachment | undefined> {
  const { instanceId } = context.owner;
  const request = { eniId, instanceId, networkCardIndex, deviceNumber };
  const outcome = await onceVisible(context, options, () =>
    context.ec2.attachEni(request, options),
  );
  if (outcome.kind === 'attached') {
    return { attachmentId: outcome.attachmentId, networkCardIndex, deviceNumber };
  }
  const own = await findOwnAttachment(context, eniId, options);
  if (own === undefined && outcome.kind === 'eni-in-use') {
    throw new EniAllocatorError(
      'invalid-request',
      `attaching ${eniId} to ${instanceId}: EC2 says it is in use, but not by this instance`,
      { facts: { eniId, instanceId } },
    );
  }
  return own;
}

/** The attachment an earlier call made whose answer was lost. */
async function findOwnAttachment(
  { ec2, owner }: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<Attachment | undefined> {
  const [eni] = await ec2.describeEnis({ eniIds: [eniId] }, options);
  if (eni?.attachmentId === undefined || eni.instanceId !== owner.instanceId) {
    return undefined;
  }
  const { attachmentId, deviceNumber = 0, networkCardIndex = 0 } = eni;
  return { attachmentId, deviceNumber, networkCardIndex };
}

/** EC2 is eventually consistent: "not found" right after a create means "not yet". */
async function onceVisible<T>(
  { clock }: AllocatorContext,
  options: CallOptions,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const isNotYet = isEniAllocatorError(error) && error.code === 'eni-not-found';
      if (!isNotYet || attempt >= VISIBILITY_ATTEMPTS) {
        throw error;
      }
    }
    const delayMs = VISIBILITY_DELAY_MS * 2 ** (attempt - 1);
    await clock.sleep(delayMs, sleepOptions(options.signal));
  }
}
