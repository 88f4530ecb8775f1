import type {
  EniAttachmentId,
  EniId,
  InstanceId,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from './ids.ts';
import type { Ipv4Address, Ipv4Cidr } from './ipv4.ts';
import type { Tags } from './tags.ts';

/**
 * Where an ENI stands: `available` (created, on no instance) → `attaching` (EC2 has promised it to
 * an instance) → `in-use` (the instance has the link) → `detaching` → `available` → gone.
 */
export type EniStatus = 'available' | 'attaching' | 'in-use' | 'detaching';

/** An ENI on an instance, from the call that attaches it to the end of its detaching. */
export interface EniAttachment {
  readonly attachmentId: EniAttachmentId;
  readonly instanceId: InstanceId;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  readonly attachedAtMs: number;
  status: 'attaching' | 'attached' | 'detaching';
  deleteOnTermination: boolean;
}

/** Time-outs of tracked connections, in seconds, where the caller set them. */
export interface ConnectionTracking {
  readonly tcpEstablishedTimeout?: number | undefined;
  readonly udpStreamTimeout?: number | undefined;
  readonly udpTimeout?: number | undefined;
}

/** An ENI of the model. Lists keep the order of assignment, as EC2 and IMDS show it. */
export interface EniRecord {
  readonly eniId: EniId;
  readonly mac: string;
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly availabilityZone: string;
  readonly interfaceType: string;
  readonly primaryAddress: Ipv4Address;
  readonly createdAtMs: number;
  secondaryAddresses: readonly Ipv4Address[];
  prefixes: readonly Ipv4Cidr[];
  ipv6Addresses: readonly string[];
  ipv6Prefixes: readonly string[];
  securityGroupIds: readonly SecurityGroupId[];
  description: string;
  isSourceDestCheckOn: boolean;
  connectionTracking: ConnectionTracking | undefined;
  /** The public address that the internet gateway maps to the primary address. */
  publicAddress: Ipv4Address | undefined;
  attachment: EniAttachment | undefined;
  readonly tags: Tags;
}

/** An ENI on an instance. */
export type AttachedEni = EniRecord & { attachment: EniAttachment };

/** Whether an ENI is on an instance, or on its way there or back. */
export const isAttached = (eni: EniRecord): eni is AttachedEni => eni.attachment !== undefined;

/** An ENI's status as `DescribeNetworkInterfaces` shows it. */
export function statusOf(eni: EniRecord): EniStatus {
  const status = eni.attachment?.status;
  return status === undefined ? 'available' : status === 'attached' ? 'in-use' : status;
}

/** Whether this is the ENI that the instance was created with. */
export const isPrimaryEni = (eni: EniRecord): boolean =>
  eni.attachment?.deviceIndex === 0 && eni.attachment.networkCardIndex === 0;

/** IPv4 slots in use: the primary address, secondary addresses and prefixes count one each. */
export const usedSlots = (eni: EniRecord): number =>
  1 + eni.secondaryAddresses.length + eni.prefixes.length;

/** Every destination that leads to the ENI: addresses, and prefixes in CIDR notation. */
export const destinationsOf = (eni: EniRecord): readonly string[] => [
  eni.primaryAddress,
  ...eni.secondaryAddresses,
  ...eni.prefixes,
  ...eni.ipv6Addresses,
  ...eni.ipv6Prefixes,
];
