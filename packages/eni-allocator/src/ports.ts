import type {
  EniAttachmentId,
  EniId,
  InstanceId,
  Ipv4Address,
  Ipv4Prefix,
  Ipv6Address,
  Ipv6Prefix,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from './ec2-ids.ts';
import type { InstanceLimits } from './instance-limits.ts';

/** Options of every call of the port. An aborted call rejects with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Where EC2 says an ENI is in its life. `unknown` is a word of EC2 that is newer than this code. */
export type EniStatus =
  | 'pending'
  | 'available'
  | 'associated'
  | 'attaching'
  | 'in-use'
  | 'detaching'
  | 'unknown';

/** One ENI as EC2 describes it, at the moment of the answer. */
export interface EniTruth {
  readonly eniId: EniId;
  /** Lower case, colons. */
  readonly mac: string;
  readonly subnetId: SubnetId;
  readonly primaryAddress: Ipv4Address;
  /** Everything but the primary address, in EC2's order. */
  readonly secondaryAddresses: readonly Ipv4Address[];
  /** Blocks of 16 addresses, in EC2's order. Each takes one slot of the ENI, as an address does. */
  readonly prefixes: readonly Ipv4Prefix[];
  /** The first is the ENI's own, if it has any. IPv6 has slots of its own. */
  readonly ipv6Addresses: readonly Ipv6Address[];
  readonly ipv6Prefixes: readonly Ipv6Prefix[];
  readonly status: EniStatus;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly securityGroupIds: readonly SecurityGroupId[];
  /** EC2's word: `interface`, `trunk`, `efa`, `efa-only` …; see {@link eniKind}. */
  readonly interfaceType: string;
  /** What of it was set explicitly; missing when nothing was. */
  readonly connectionTracking?: ConnectionTracking;
  /** The five below are known while the ENI is attached to an instance, or on its way in or out. */
  readonly attachmentId?: EniAttachmentId;
  readonly instanceId?: InstanceId;
  readonly deviceNumber?: number;
  readonly networkCardIndex?: number;
  /** Whether it goes with its instance. */
  readonly isDeletedOnTermination?: boolean;
}

/** Whether the ENI is where the primary one of an instance is: device number 0 on network card 0. */
export const isInPrimarySlot = ({ deviceNumber, networkCardIndex }: EniTruth): boolean =>
  deviceNumber === 0 && networkCardIndex === 0;

/** How many of its IPv4 address slots the ENI uses: its primary address, the others, and the prefixes. */
export const slotsHeldBy = (eni: EniTruth): number =>
  1 + eni.secondaryAddresses.length + eni.prefixes.length;

/** How long EC2 remembers idle connections of an ENI, in seconds. What is missing is at its default. */
export interface ConnectionTracking {
  readonly tcpEstablishedSeconds?: number;
  readonly udpStreamSeconds?: number;
  readonly udpSeconds?: number;
}

/** A place for an ENI on an instance. */
export interface DeviceSlot {
  readonly networkCardIndex: number;
  readonly deviceNumber: number;
}

export interface CreateEniRequest {
  readonly subnetId: SubnetId;
  /** Empty means the VPC's default group. */
  readonly securityGroupIds: readonly SecurityGroupId[];
  /** Addresses beside the primary one; 0 is allowed. EC2 refuses it together with prefixes. */
  readonly secondaryAddressCount: number;
  /** Prefixes; 0 is allowed. */
  readonly prefixCount: number;
  /** Gives it an IPv6 address of its own. Default: only if the subnet does so to every ENI. */
  readonly hasIpv6Address?: boolean | undefined;
  /** Default: EC2's own. */
  readonly connectionTracking?: ConnectionTracking | undefined;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Repeating a request with the same token returns the ENI of the first. */
  readonly clientToken: string;
}

export interface AttachEniRequest extends DeviceSlot {
  readonly eniId: EniId;
  readonly instanceId: InstanceId;
}

/**
 * `device-number-taken`: another ENI is in this slot. `eni-in-use`: the ENI is already attached, here
 * or elsewhere (also what a repeated call meets when the first one's answer was lost).
 */
export type AttachOutcome =
  | { readonly kind: 'attached'; readonly attachmentId: EniAttachmentId }
  | { readonly kind: 'device-number-taken' }
  | { readonly kind: 'eni-in-use' };

/** `busy`: the attachment is in a state that does not allow it now (attaching, or detaching already). */
export type DetachOutcome = 'detaching' | 'not-attached' | 'busy';

/** `in-use`: the ENI is attached, or EC2 has not noticed yet that it is not. */
export type DeleteOutcome = 'deleted' | 'not-found' | 'in-use';

/** Which ENIs to describe: by id (unknown ids are left out of the answer), or all that match. */
export type EniFilter =
  | { readonly eniIds: readonly EniId[] }
  /** All that are on an instance. */
  | { readonly instanceId: InstanceId }
  | EniProperties;

/** What ENIs have in common; all of it must be so. */
export interface EniProperties {
  readonly status: EniStatus;
  readonly tags: Readonly<Record<string, string>>;
  /** Tags that are there, whatever their value. Default: none. */
  readonly tagKeys?: readonly string[] | undefined;
  /** Default: any. */
  readonly vpcId?: VpcId | undefined;
}

/** One subnet as EC2 describes it, at the moment of the answer. */
export interface SubnetTruth {
  readonly subnetId: SubnetId;
  readonly availabilityZone: string;
  /** The IPv4 CIDR, as EC2 writes it. */
  readonly cidr: string;
  /** Missing in a subnet without IPv6. */
  readonly ipv6Cidr?: string;
  /** EC2's `AvailableIpAddressCount`. */
  readonly freeAddressCount: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Which subnets to describe: by id (unknown ids are left out), or all of a VPC in a zone. */
export type SubnetFilter =
  | { readonly subnetIds: readonly SubnetId[] }
  | { readonly vpcId: VpcId; readonly availabilityZone: string };

/**
 * What the allocator needs from EC2.
 *
 * Every method takes one request and call options. Implementations answer with what EC2 said and
 * translate failures to {@link EniAllocatorError}; they neither retry nor wait nor judge.
 */
export interface Ec2NetworkPort {
  createEni(request: CreateEniRequest, options?: CallOptions): Promise<EniTruth>;
  attachEni(request: AttachEniRequest, options?: CallOptions): Promise<AttachOutcome>;
  /** Lets the ENI go with its instance. */
  setDeleteOnTermination(
    request: { readonly eniId: EniId; readonly attachmentId: EniAttachmentId },
    options?: CallOptions,
  ): Promise<void>;
  /** Replaces the security groups of the ENI. At least one. */
  setSecurityGroups(
    request: { readonly eniId: EniId; readonly securityGroupIds: readonly SecurityGroupId[] },
    options?: CallOptions,
  ): Promise<void>;
  /** Adds `count` addresses of EC2's choice and returns them. Not idempotent. */
  assignAddresses(
    request: { readonly eniId: EniId; readonly count: number },
    options?: CallOptions,
  ): Promise<readonly Ipv4Address[]>;
  unassignAddresses(
    request: { readonly eniId: EniId; readonly addresses: readonly Ipv4Address[] },
    options?: CallOptions,
  ): Promise<void>;
  /** Adds `count` prefixes of EC2's choice and returns them. Not idempotent. */
  assignPrefixes(
    request: { readonly eniId: EniId; readonly count: number },
    options?: CallOptions,
  ): Promise<readonly Ipv4Prefix[]>;
  unassignPrefixes(
    request: { readonly eniId: EniId; readonly prefixes: readonly Ipv4Prefix[] },
    options?: CallOptions,
  ): Promise<void>;
  /** Adds `count` IPv6 prefixes of EC2's choice and returns them. Not idempotent. */
  assignIpv6Prefixes(
    request: { readonly eniId: EniId; readonly count: number },
    options?: CallOptions,
  ): Promise<readonly Ipv6Prefix[]>;
  unassignIpv6Prefixes(
    request: { readonly eniId: EniId; readonly prefixes: readonly Ipv6Prefix[] },
    options?: CallOptions,
  ): Promise<void>;
  detachEni(
    request: { readonly eniId: EniId; readonly attachmentId: EniAttachmentId },
    options?: CallOptions,
  ): Promise<DetachOutcome>;
  deleteEni(eniId: EniId, options?: CallOptions): Promise<DeleteOutcome>;
  /** All pages, in EC2's order. */
  describeEnis(filter: EniFilter, options?: CallOptions): Promise<readonly EniTruth[]>;
  /** The slots of the instance that hold an ENI, all network cards. */
  describeUsedDeviceIndexes(
    instanceId: InstanceId,
    options?: CallOptions,
  ): Promise<readonly DeviceSlot[]>;
  /** All pages, in EC2's order. */
  describeSubnets(filter: SubnetFilter, options?: CallOptions): Promise<readonly SubnetTruth[]>;
  describeInstanceLimits(instanceType: string, options?: CallOptions): Promise<InstanceLimits>;
  createTags(
    request: { readonly eniId: EniId; readonly tags: Readonly<Record<string, string>> },
    options?: CallOptions,
  ): Promise<void>;
}

/** The name of one operation of the port, for policies, metrics and journals. */
export type Ec2Operation = keyof Ec2NetworkPort;

/** What any operation of the port is asked for. */
export type Ec2Request = Parameters<Ec2NetworkPort[Ec2Operation]>[0];
