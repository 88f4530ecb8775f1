import type { Cloud } from './cloud/cloud.ts';
import { type EniRecord, type EniStatus, isPrimaryEni, statusOf } from './cloud/eni.ts';
import type {
  EniAttachmentId,
  EniId,
  InstanceId,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from './cloud/ids.ts';
import type { InstanceRecord } from './cloud/instance.ts';
import type { Ipv4Address, Ipv4Cidr } from './cloud/ipv4.ts';
import type { SubnetRecord, VpcRecord } from './cloud/network.ts';

/** A VPC. `cidrs` holds the primary CIDR first. */
export interface Vpc {
  readonly vpcId: VpcId;
  readonly cidrs: readonly Ipv4Cidr[];
  readonly ipv6Cidr?: string;
  readonly defaultSecurityGroupId: SecurityGroupId;
}

/** A subnet. `availableAddressCount` is EC2's `AvailableIpAddressCount`. */
export interface Subnet {
  readonly subnetId: SubnetId;
  readonly vpcId: VpcId;
  readonly cidr: Ipv4Cidr;
  readonly ipv6Cidr?: string;
  readonly availabilityZone: string;
  readonly isPublic: boolean;
  readonly availableAddressCount: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** A security group. */
export interface SecurityGroup {
  readonly securityGroupId: SecurityGroupId;
  readonly vpcId: VpcId;
  readonly name: string;
}

/** An instance. A terminated one has no ENIs any more. */
export interface Instance {
  readonly instanceId: InstanceId;
  readonly instanceType: string;
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly availabilityZone: string;
  readonly state: InstanceRecord['state'];
  readonly primaryEniId?: EniId;
  readonly primaryMac?: string;
  readonly primaryAddress?: Ipv4Address;
  readonly publicAddress?: Ipv4Address;
  readonly eniIds: readonly EniId[];
}

/** An instance that runs: everything about its primary ENI is known. */
export type RunningInstance = Instance &
  Required<Pick<Instance, 'primaryEniId' | 'primaryMac' | 'primaryAddress'>>;

/** An ENI. The last group of fields exists while it is on an instance. */
export interface Eni {
  readonly eniId: EniId;
  readonly status: EniStatus;
  readonly mac: string;
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly description: string;
  readonly isPrimary: boolean;
  readonly primaryAddress: Ipv4Address;
  readonly secondaryAddresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Cidr[];
  readonly ipv6Addresses: readonly string[];
  readonly ipv6Prefixes: readonly string[];
  readonly publicAddress?: Ipv4Address;
  readonly securityGroupIds: readonly SecurityGroupId[];
  readonly tags: Readonly<Record<string, string>>;
  readonly attachmentId?: EniAttachmentId;
  readonly instanceId?: InstanceId;
  readonly deviceIndex?: number;
  readonly networkCardIndex?: number;
  readonly deleteOnTermination?: boolean;
}

/** The whole cloud at one moment, as plain values. */
export interface CloudSnapshot {
  readonly vpcs: readonly Vpc[];
  readonly subnets: readonly Subnet[];
  readonly instances: readonly Instance[];
  readonly enis: readonly Eni[];
}

/** A copy of the state that later changes do not touch. */
export const snapshotOf = (cloud: Cloud): CloudSnapshot => ({
  vpcs: [...cloud.network.vpcs.values()].map(vpcOf),
  subnets: [...cloud.network.subnets.values()].map(subnetOf),
  instances: [...cloud.instances.values()].map((instance) => instanceOf(cloud, instance)),
  enis: [...cloud.enis.all.values()].map(eniOf),
});

export const vpcOf = (vpc: VpcRecord): Vpc => ({
  vpcId: vpc.vpcId,
  cidrs: [...vpc.cidrs],
  ...(vpc.ipv6Cidr === undefined ? {} : { ipv6Cidr: vpc.ipv6Cidr }),
  defaultSecurityGroupId: vpc.defaultSecurityGroupId,
});

export const subnetOf = (subnet: SubnetRecord): Subnet => ({
  subnetId: subnet.subnetId,
  vpcId: subnet.vpcId,
  cidr: subnet.cidr,
  ...(subnet.ipv6Cidr === undefined ? {} : { ipv6Cidr: subnet.ipv6Cidr }),
  availabilityZone: subnet.availabilityZone,
  isPublic: subnet.isPublic,
  availableAddressCount: subnet.addresses.freeCount,
  tags: Object.fromEntries(subnet.tags),
});

export function instanceOf(cloud: Cloud, instance: InstanceRecord): Instance {
  const primary = cloud.primaryEniOf(instance);
  return {
    instanceId: instance.instanceId,
    instanceType: instance.type.instanceType,
    vpcId: instance.vpcId,
    subnetId: instance.subnetId,
    availabilityZone: instance.availabilityZone,
    state: instance.state,
    ...(primary === undefined ? {} : primaryFields(primary)),
    eniIds: cloud.enis.ofInstance(instance.instanceId).map(({ eniId }) => eniId),
  };
}

/** An instance and the facts of the primary ENI that a running one always has. */
export const runningInstanceOf = (
  cloud: Cloud,
  instance: InstanceRecord,
  primary: EniRecord,
): RunningInstance => ({ ...instanceOf(cloud, instance), ...primaryFields(primary) });

const primaryFields = (primary: EniRecord) => ({
  primaryEniId: primary.eniId,
  primaryMac: primary.mac,
  primaryAddress: primary.primaryAddress,
  ...(primary.publicAddress === undefined ? {} : { publicAddress: primary.publicAddress }),
});

export function eniOf(eni: EniRecord): Eni {
  const { attachment } = eni;
  return {
    eniId: eni.eniId,
    status: statusOf(eni),
    mac: eni.mac,
    vpcId: eni.vpcId,
    subnetId: eni.subnetId,
    description: eni.description,
    isPrimary: isPrimaryEni(eni),
    primaryAddress: eni.primaryAddress,
    secondaryAddresses: eni.secondaryAddresses,
    prefixes: eni.prefixes,
    ipv6Addresses: eni.ipv6Addresses,
    ipv6Prefixes: eni.ipv6Prefixes,
    ...(eni.publicAddress === undefined ? {} : { publicAddress: eni.publicAddress }),
    securityGroupIds: eni.securityGroupIds,
    tags: Object.fromEntries(eni.tags),
    ...(attachment === undefined
      ? {}
      : {
          attachmentId: attachment.attachmentId,
          instanceId: attachment.instanceId,
          deviceIndex: attachment.deviceIndex,
          networkCardIndex: attachment.networkCardIndex,
          deleteOnTermination: attachment.deleteOnTermination,
        }),
  };
}
