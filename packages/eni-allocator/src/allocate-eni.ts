import type { AllocatorContext } from './allocator-context.ts';
import { attachEni } from './attach-eni.ts';
import { type CreatedEni, createEni } from './create-eni.ts';
import type { EniAttachmentId, InstanceId, SecurityGroupId, SubnetId } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import { learnAddressLimit } from './learn-address-limit.ts';
import {
  type CallOptions,
  type ConnectionTracking,
  type DeviceSlot,
  type EniTruth,
  slotsHeldBy,
} from './ports.ts';
import { deleteUnfinished, discardEni } from './unfinished-enis.ts';

/** An ENI that is on its way into this instance: what EC2 said when it was created and attached. */
export interface AllocatedEni extends EniTruth {
  readonly attachmentId: EniAttachmentId;
  readonly instanceId: InstanceId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  /** Missing when the subnet was named by its id alone. */
  readonly subnetCidr?: string;
  /** Missing when the subnet was named by its id alone, and without IPv6. */
  readonly subnetIpv6Cidr?: string;
}

export type AllocateEniRequest = CallOptions & {
  /** Default: one of those that the allocator's subnet source offers. */
  readonly subnetId?: SubnetId;
  /** In any order; empty means the VPC's default group. */
  readonly securityGroupIds: readonly SecurityGroupId[];
  /** Gives it an IPv6 address of its own. Default: only if the subnet does so to every ENI. */
  readonly hasIpv6Address?: boolean | undefined;
  /** Those of the primary ENI, for one. Default: EC2's own. */
  readonly connectionTracking?: ConnectionTracking | undefined;
  /** Default: 0. Limits, if the allocator was given any, say which cards there are. */
  readonly networkCardIndex?: number;
  /**
   * Slots that hold an ENI as far as the caller knows, for instance from the metadata service: EC2 is
   * then not asked. It may be out of date; a slot that is taken after all is passed over.
   */
  readonly usedSlots?: readonly DeviceSlot[];
  /**
   * The token that lets EC2 recognise a repeated create, for a caller that writes it down first: at most
   * 60 visible ASCII characters. It goes with the first subnet that is tried; the second gets `<token>-2`
   * and so on, as EC2 refuses a token with other parameters. It stands for this one call: the time of
   * creation is among the parameters, so EC2 refuses it in a later one. Default: the allocator makes one.
   */
  readonly clientToken?: string;
} & PodAddresses;

/** What an ENI shall hold for pods, beside its primary address: EC2 takes one kind at a time. */
export type PodAddresses =
  | { readonly addressCount: number; readonly prefixCount?: never }
  | { readonly prefixCount: number; readonly addressCount?: never };

const PRIMARY_SLOT: DeviceSlot = { networkCardIndex: 0, deviceNumber: 0 };

export async function allocateEni(
  context: AllocatorContext,
  request: AllocateEniRequest,
): Promise<AllocatedEni> {
  const { ec2, owner, slots, limits, underWay } = context;
  const options = { signal: request.signal };
  const place = await reserveSlot(context, request, options);
  const { eni, subnet } = await createUnderWay(context, request).catch(async (error: unknown) => {
    slots.release(place.reserved);
    await learnFromRefusal(context, request, error);
    await makeRoom(context, error, options);
    throw error;
  });
  const { eniId } = eni;
  try {
    const attachment = await attachEni(context, eniId, place, options);
    const { attachmentId } = attachment;
    limits.note({ limit: 'addresses-per-eni', held: slotsHeldBy(eni) });
    await ec2.setDeleteOnTermination({ eniId, attachmentId }, options);
    return {
      ...eni,
      ...attachment,
      ...(subnet.cidr === undefined ? {} : { subnetCidr: subnet.cidr }),
      ...(subnet.ipv6Cidr === undefined ? {} : { subnetIpv6Cidr: subnet.ipv6Cidr }),
      instanceId: owner.instanceId,
      isDeletedOnTermination: true,
      status: 'attaching',
    };
  } catch (error) {
    await discardEni(context, eniId, request.signal);
    await learnFromRefusal(context, request, error);
    throw error;
  } finally {
    underWay.attaching.delete(eniId);
  }
}

/** A sweep for leaks that sees the new ENI at EC2 must know at once that it is none. */
async function createUnderWay(
  context: AllocatorContext,
  request: AllocateEniRequest,
): Promise<CreatedEni> {
  const { creating, attaching } = context.underWay;
  const creation = createEni(context, request, { signal: request.signal }).then((created) => {
    attaching.add(created.eni.eniId);
    return created;
  });
  creating.add(creation);
  try {
    return await creation;
  } finally {
    creating.delete(creation);
  }
}

/** ENIs of failed allocations hold addresses and count towards limits: without them the next attempt may succeed. */
async function makeRoom(
  context: AllocatorContext,
  error: unknown,
  options: CallOptions,
): Promise<void> {
  const isFull =
    isEniAllocatorError(error) && (error.reaction === 'subnet-full' || error.reaction === 'limit');
  if (isFull) {
    await deleteUnfinished(context, options);
  }
}

async function learnFromRefusal(
  context: AllocatorContext,
  { addressCount = 0, prefixCount = 0, signal }: AllocateEniRequest,
  error: unknown,
): Promise<void> {
  if (isEniAllocatorError(error) && error.code === 'address-limit-reached') {
    await learnAddressLimit(context, 1 + addressCount + prefixCount, { signal });
  }
}

/** Reserves a slot before anything is created, so that a full instance costs nothing. */
async function reserveSlot(
  context: AllocatorContext,
  { usedSlots, networkCardIndex = 0 }: AllocateEniRequest,
  options: CallOptions,
): Promise<{ readonly used: readonly DeviceSlot[]; readonly reserved: DeviceSlot }> {
  const { slots } = context;
  if (usedSlots !== undefined) {
    try {
      return { used: usedSlots, reserved: slots.reserve(usedSlots, networkCardIndex) };
    } catch (error) {
      // What the caller knows may be old news: whether there is really no room, EC2 has to say.
      if (!isEniAllocatorError(error) || error.code !== 'eni-limit-reached') {
        throw error;
      }
    }
  }
  slots.forgetFilled();
  const used = await lookUpUsedSlots(context, options);
  return { used, reserved: slots.reserve(used, networkCardIndex) };
}

/** What EC2 knows, or without permission to ask, what is always so. */
async function lookUpUsedSlots(
  { ec2, owner, degradations }: AllocatorContext,
  options: CallOptions,
): Promise<readonly DeviceSlot[]> {
  try {
    const used = await ec2.describeUsedDeviceIndexes(owner.instanceId, options);
    degradations.worked('device-numbers');
    return used;
  } catch (error) {
    if (!isEniAllocatorError(error) || error.reaction !== 'permission') {
      throw error;
    }
    degradations.failed('device-numbers', error);
    return [PRIMARY_SLOT];
  }
}
