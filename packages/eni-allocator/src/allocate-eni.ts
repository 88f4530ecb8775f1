import type { AllocatorContext } from './allocator-context.ts';
import type { EniAttachmentId, EniId, InstanceId, SecurityGroupId, SubnetId } from './ec2-ids.ts';
import { EniAllocatorError, isEniAllocatorError } from './eni-allocator-error.ts';
import { ENI_DESCRIPTION_PREFIX, type EniOwner, tagsOfNewEni } from './eni-tags.ts';
import type { CallOptions, EniTruth } from './ports.ts';
import { deleteUnfinished, discardEni } from './unfinished-enis.ts';
import { sleepOptions } from './with-retry.ts';

/** An ENI that is on its way into this instance: what EC2 said when it was created and attached. */
export interface AllocatedEni extends EniTruth {
  readonly attachmentId: EniAttachmentId;
  readonly instanceId: InstanceId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
}

export type AllocateEniRequest = CallOptions & {
  readonly subnetId: SubnetId;
  /** In any order; empty means the VPC's default group. */
  readonly securityGroupIds: readonly SecurityGroupId[];
} & PodAddresses;

/** What an ENI shall hold for pods, beside its primary address: EC2 takes one kind at a time. */
export type PodAddresses =
  | { readonly addressCount: number; readonly prefixCount?: never }
  | { readonly prefixCount: number; readonly addressCount?: never };

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
  // They hold addresses of the subnet and count towards the account's limit. What fails is tried again.
  await deleteUnfinished(context, options);
  const deviceNumbers = await freeDeviceNumbers(context, options);
  const created = await ec2.createEni(createRequest(context, request), options);
  try {
    const attachment = await attachToOneOf(deviceNumbers, context, created.eniId, options);
    const { attachmentId } = attachment;
    await ec2.setDeleteOnTermination({ eniId: created.eniId, attachmentId }, options);
    return { ...created, ...attachment, instanceId: owner.instanceId, status: 'attaching' };
  } catch (error) {
    await discardEni(context, created.eniId);
    throw error;
  }
}

function createRequest(context: AllocatorContext, request: AllocateEniRequest) {
  const { owner, clock } = context;
  return {
    subnetId: request.subnetId,
    securityGroupIds: [...request.securityGroupIds].sort(),
    secondaryAddressCount: request.addressCount ?? 0,
    prefixCount: request.prefixCount ?? 0,
    description: `${ENI_DESCRIPTION_PREFIX}${owner.instanceId}`,
    tags: tagsOfNewEni(owner, clock.nowMs()),
    clientToken: context.newClientToken(),
  };
}

/** Device numbers that are free now, in the order in which to try them; at least one. */
async function freeDeviceNumbers(
  { ec2, owner }: AllocatorContext,
  options: CallOptions,
): Promise<readonly number[]> {
  const slots = await ec2.describeUsedDeviceIndexes(owner.instanceId, options);
  const taken = new Set(
    slots
      .filter((slot) => slot.networkCardIndex === NETWORK_CARD_INDEX)
      .map((slot) => slot.deviceNumber),
  );
  const all = Array.from({ length: MAX_DEVICE_NUMBER + 1 }, (_, deviceNumber) => deviceNumber);
  const free = all.filter((deviceNumber) => !taken.has(deviceNumber));
  if (free.length === 0) {
    throw noDeviceNumberLeft(owner);
  }
  return free;
}

/** Attaches to the first device number that nobody else takes meanwhile. */
async function attachToOneOf(
  deviceNumbers: readonly number[],
  context: AllocatorContext,
  eniId: EniId,
  options: CallOptions,
): Promise<Attachment> {
  for (const deviceNumber of deviceNumbers) {
    const attachment = await attachTo(context, eniId, deviceNumber, options);
    if (attachment !== undefined) {
      return attachment;
    }
  }
  throw noDeviceNumberLeft(context.owner);
}

const noDeviceNumberLeft = ({ instanceId }: EniOwner) =>
  new EniAllocatorError(
    'eni-limit-reached',
    `attaching an ENI to ${instanceId}: no device number up to ${MAX_DEVICE_NUMBER} is free`,
    { facts: { instanceId } },
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
