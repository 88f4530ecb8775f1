import type { AllocatorContext } from './allocator-context.ts';
import type { EniAttachmentId, EniId, InstanceId, SecurityGroupId, SubnetId } from './ec2-ids.ts';
import { EniAllocatorError, isEniAllocatorError } from './eni-allocator-error.ts';
import { ENI_DESCRIPTION_PREFIX, tagsOfNewEni } from './eni-tags.ts';
import { freeEni } from './free-eni.ts';
import type { CallOptions, DeviceSlot, EniTruth } from './ports.ts';
import { sleepOptions } from './with-retry.ts';

/** An ENI that is on its way into this instance: what EC2 said when it was created and attached. */
export interface AllocatedEni extends EniTruth {
  readonly attachmentId: EniAttachmentId;
  readonly instanceId: InstanceId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
}

export interface AllocateEniRequest extends CallOptions {
  readonly subnetId: SubnetId;
  /** In any order; empty means the VPC's default group. */
  readonly securityGroupIds: readonly SecurityGroupId[];
  /** Addresses for pods, beside the ENI's primary one; 0 or more. */
  readonly addressCount: number;
}

type Attachment = Pick<AllocatedEni, 'attachmentId' | 'deviceNumber' | 'networkCardIndex'>;

/** Device numbers EC2 accepts; what the instance type allows is EC2's to say. */
const MAX_DEVICE_NUMBER = 99;
/** Only the first network card carries ENIs of ours. */
const NETWORK_CARD_INDEX = 0;
/** A new ENI may be unknown to the next call for a moment. */
const VISIBILITY_ATTEMPTS = 5;
const VISIBILITY_DELAY_MS = 500;

export async function allocateEni(
  context: AllocatorContext,
  request: AllocateEniRequest,
): Promise<AllocatedEni> {
  const { ec2, owner } = context;
  const options = { signal: request.signal };
  const created = await ec2.createEni(createRequest(context, request), options);
  try {
    const attachment = await attachToFreeSlot(context, created.eniId, options);
    const { attachmentId } = attachment;
    await ec2.setDeleteOnTermination({ eniId: created.eniId, attachmentId }, options);
    return { ...created, ...attachment, instanceId: owner.instanceId, status: 'attaching' };
  } catch (error) {
    await deleteUnfinished(context, created.eniId);
    throw error;
  }
}

function createRequest(context: AllocatorContext, request: AllocateEniRequest) {
  const { owner, clock } = context;
  return {
    subnetId: request.subnetId,
    securityGroupIds: [...request.securityGroupIds].sort(),
    secondaryAddressCount: request.addressCount,
    description: `${ENI_DESCRIPTION_PREFIX}${owner.instanceId}`,
    tags: tagsOfNewEni(owner, clock.nowMs()),
    clientToken: context.newClientToken(),
  };
}

/**
 * Deletes what a failed allocation made. The failure that led here is the one worth reporting, so one
 * of the clean-up is dropped: the ENI carries our tags and {@link deleteLeakedEnis} finds it.
 * The caller's signal is not passed on, because an aborted allocation has to be cleaned up as well.
 */
async function deleteUnfinished(context: AllocatorContext, eniId: EniId): Promise<void> {
  try {
    await freeEni(context, eniId, {});
  } catch {}
}

/** Attaches to the smallest free device number; loses races gracefully. */
async function attachToFreeSlot(
  context: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<Attachment> {
  const { ec2, owner } = context;
  const taken = takenOn(await ec2.describeUsedDeviceIndexes(owner.instanceId, options));
  for (let deviceNumber = 0; deviceNumber <= MAX_DEVICE_NUMBER; deviceNumber += 1) {
    if (taken.has(deviceNumber)) {
      continue;
    }
    const attachment = await attachTo(context, eniId, deviceNumber, options);
    if (attachment !== undefined) {
      return attachment;
    }
  }
  throw new EniAllocatorError(
    'eni-limit-reached',
    `attaching ${eniId} to ${owner.instanceId}: no device number up to ${MAX_DEVICE_NUMBER} is free`,
    { facts: { eniId, instanceId: owner.instanceId } },
  );
}

const takenOn = (slots: readonly DeviceSlot[]): ReadonlySet<number> =>
  new Set(
    slots
      .filter((slot) => slot.networkCardIndex === NETWORK_CARD_INDEX)
      .map((slot) => slot.deviceNumber),
  );

/** The attachment, or `undefined` when somebody else took the device number meanwhile. */
async function attachTo(
  context: AllocatorContext,
  eniId: EniId,
  deviceNumber: number,
  options: CallOptions,
): Promise<Attachment | undefined> {
  const { instanceId } = context.owner;
  const slot = { deviceNumber, networkCardIndex: NETWORK_CARD_INDEX };
  const outcome = await onceVisible(context, options, () =>
    context.ec2.attachEni({ eniId, instanceId, ...slot }, options),
  );
  if (outcome.kind === 'attached') {
    return { attachmentId: outcome.attachmentId, ...slot };
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
  context: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<Attachment | undefined> {
  const [eni] = await context.ec2.describeEnis({ eniIds: [eniId] }, options);
  if (eni?.attachmentId === undefined || eni.instanceId !== context.owner.instanceId) {
    return undefined;
  }
  const { attachmentId, deviceNumber = 0, networkCardIndex = 0 } = eni;
  return { attachmentId, deviceNumber, networkCardIndex };
}

/** EC2 is eventually consistent: "not found" right after a create means "not yet". */
async function onceVisible<T>(
  context: AllocatorContext,
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
    await context.clock.sleep(
      VISIBILITY_DELAY_MS * 2 ** (attempt - 1),
      sleepOptions(options.signal),
    );
  }
}
