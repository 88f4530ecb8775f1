import { Ec2Error, invalidValue } from './ec2-error.ts';
import { type AttachedEni, type EniRecord, usedSlots } from './eni.ts';
import type { InstanceRecord } from './instance.ts';
import { supportsPrefixes } from './instance-types.ts';

const MAX_DEVICE_INDEX = 99;

/** Where an ENI shall go on an instance. */
export interface Slot {
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
}

/**
 * Whether an ENI may go to a slot of an instance.
 *
 * @param siblings the ENIs that the instance has already, or is about to have.
 * @throws {Ec2Error} `InvalidNetworkInterface.InUse`, `IncorrectInstanceState`,
 *   `InvalidParameterCombination`, `InvalidParameterValue`, `AttachmentLimitExceeded`,
 *   `PrivateIpAddressLimitExceeded` or `UnsupportedOperation`.
 */
export function checkAttachable(
  eni: EniRecord,
  instance: InstanceRecord,
  slot: Slot,
  siblings: readonly AttachedEni[],
): void {
  const { instanceId, type } = instance;
  if (eni.attachment !== undefined) {
    throw new Ec2Error('InvalidNetworkInterface.InUse', `Interface: [${eni.eniId}] in use.`);
  }
  if (instance.state !== 'running') {
    throw new Ec2Error(
      'IncorrectInstanceState',
      `Instance '${instanceId}' is not 'running' or 'stopped'.`,
    );
  }
  if (eni.vpcId !== instance.vpcId || eni.availabilityZone !== instance.availabilityZone) {
    throw new Ec2Error(
      'InvalidParameterCombination',
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
  const limit = type.enisPerCard[slot.networkCardIndex];
  if (limit === undefined) {
    throw invalidValue(
      `Network card index ${slot.networkCardIndex} is not supported by instance type ${type.instanceType}.`,
    );
  }
  if (slot.deviceIndex < 0 || slot.deviceIndex > MAX_DEVICE_INDEX) {
    throw invalidValue(`Device index ${slot.deviceIndex} is out of range.`);
  }
  const onCard = siblings.filter(
    ({ attachment }) => attachment.networkCardIndex === slot.networkCardIndex,
  );
  if (onCard.some(({ attachment }) => attachment.deviceIndex === slot.deviceIndex)) {
    throw invalidValue(
      `Instance '${instanceId}' already has an interface attached at device index '${slot.deviceIndex}'.`,
    );
  }
  if (onCard.length >= limit) {
    throw new Ec2Error(
      'AttachmentLimitExceeded',
      `Interface count ${onCard.length + 1} exceeds the limit for ${type.instanceType}`,
    );
  }
  if (usedSlots(eni) > type.ipv4PerEni) {
    throw new Ec2Error(
      'PrivateIpAddressLimitExceeded',
      'Number of private addresses will exceed limit.',
    );
  }
  if (eni.prefixes.length > 0 && !supportsPrefixes(type)) {
    throw new Ec2Error(
      'UnsupportedOperation',
      `The instance type ${type.instanceType} does not support prefixes.`,
    );
  }
}
