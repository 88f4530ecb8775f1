import { CidrReservations } from './cidr-reservations.ts';
import { Ec2Error, found } from './ec2-error.ts';
import type { EniId, IdSource, InstanceId, SecurityGroupId, SubnetId, VpcId } from './ids.ts';
import {
  contains,
  type Ipv4Cidr,
  type Ipv4Range,
  ipv4Number,
  ipv4Range,
  overlaps,
} from './ipv4.ts';
import { SubnetAddresses } from './subnet-addresses.ts';
import { SubnetIpv6Addresses } from './subnet-ipv6-addresses.ts';
import { type Tags, tagsOf } from './tags.ts';

/** A VPC of the model. */
export interface VpcRecord {
  readonly vpcId: VpcId;
  /** The VPC's CIDRs, the primary one first. */
  readonly cidrs: Ipv4Cidr[];
  readonly ipv6Cidr: string | undefined;
  readonly defaultSecurityGroupId: SecurityGroupId;
  readonly tags: Tags;
}

/** A subnet of the model, with its address accounts. */
export interface SubnetRecord {
  readonly subnetId: SubnetId;
  readonly vpcId: VpcId;
  readonly cidr: Ipv4Cidr;
  readonly ipv6Cidr: string | undefined;
  readonly availabilityZone: string;
  readonly isPublic: boolean;
  readonly addresses: SubnetAddresses;
  readonly ipv6Addresses: SubnetIpv6Addresses | undefined;
  readonly tags: Tags;
}

/** A security group of the model. Rules are not part of it. */
export interface SecurityGroupRecord {
  readonly securityGroupId: SecurityGroupId;
  readonly vpcId: VpcId;
  readonly name: string;
  readonly description: string;
  readonly tags: Tags;
}

/** VPCs, subnets and security groups of one account in one region. */
export class Network {
  readonly vpcs = new Map<VpcId, VpcRecord>();
  readonly subnets = new Map<SubnetId, SubnetRecord>();
  readonly securityGroups = new Map<SecurityGroupId, SecurityGroupRecord>();
  readonly cidrReservations: CidrReservations;
  readonly #ids: IdSource;

  constructor(ids: IdSource, cidrReservations = new CidrReservations(ids)) {
    this.#ids = ids;
    this.cidrReservations = cidrReservations;
  }

  /** A copy for reading: later changes do not touch it. */
  copy(): Network {
    const copy = new Network(this.#ids, this.cidrReservations.copy());
    for (const [vpcId, vpc] of this.vpcs) {
      copy.vpcs.set(vpcId, { ...vpc, cidrs: [...vpc.cidrs], tags: new Map(vpc.tags) });
    }
    for (const [subnetId, subnet] of this.subnets) {
      const addresses = subnet.addresses.copy();
      copy.subnets.set(subnetId, { ...subnet, addresses, tags: new Map(subnet.tags) });
    }
    for (const [groupId, group] of this.securityGroups) {
      copy.securityGroups.set(groupId, { ...group, tags: new Map(group.tags) });
    }
    return copy;
  }

  addVpc(request: {
    readonly cidr: string;
    readonly secondaryCidrs?: readonly string[] | undefined;
    readonly ipv6Cidr?: string | undefined;
    readonly tags?: Readonly<Record<string, string>> | undefined;
  }): VpcRecord {
    const cidrs = [request.cidr, ...(request.secondaryCidrs ?? [])].map(parseCidr);
    const vpcId = this.#ids.vpc();
    const group = this.#groupIn(vpcId, 'default', 'default VPC security group', {});
    const vpc: VpcRecord = {
      vpcId,
      cidrs,
      ipv6Cidr: request.ipv6Cidr,
      defaultSecurityGroupId: group.securityGroupId,
      tags: tagsOf(request.tags),
    };
    this.vpcs.set(vpcId, vpc);
    return vpc;
  }

  /** Associates another CIDR with a VPC; metadata shows it at once. */
  addVpcCidr(vpcId: string, cidr: string): void {
    this.vpc(vpcId).cidrs.push(parseCidr(cidr));
  }

  addSubnet(request: {
    readonly vpcId: string;
    readonly cidr: string;
    readonly ipv6Cidr?: string | undefined;
    readonly availabilityZone: string;
    readonly isPublic?: boolean | undefined;
    readonly tags?: Readonly<Record<string, string>> | undefined;
  }): SubnetRecord {
    const vpc = this.vpc(request.vpcId);
    const cidr = parseCidr(request.cidr);
    const range = rangeOf(cidr);
    if (!vpc.cidrs.some((vpcCidr) => contains(rangeOf(vpcCidr), range))) {
      throw new Ec2Error('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
    }
    for (const other of this.subnetsOf(vpc.vpcId)) {
      if (overlaps(other.addresses.range, range)) {
        throw new Ec2Error(
          'InvalidSubnet.Conflict',
          `The CIDR '${cidr}' conflicts with another subnet`,
        );
      }
    }
    const subnet: SubnetRecord = {
      subnetId: this.#ids.subnet(),
      vpcId: vpc.vpcId,
      cidr,
      ipv6Cidr: request.ipv6Cidr,
      availabilityZone: request.availabilityZone,
      isPublic: request.isPublic ?? true,
      addresses: new SubnetAddresses(cidr),
      ipv6Addresses:
        request.ipv6Cidr === undefined ? undefined : new SubnetIpv6Addresses(request.ipv6Cidr),
      tags: tagsOf(request.tags),
    };
    this.subnets.set(subnet.subnetId, subnet);
    return subnet;
  }

  addSecurityGroup(request: {
    readonly vpcId: string;
    readonly name: string;
    readonly description?: string | undefined;
    readonly tags?: Readonly<Record<string, string>> | undefined;
  }): SecurityGroupRecord {
    const { vpcId } = this.vpc(request.vpcId);
    return this.#groupIn(vpcId, request.name, request.description ?? request.name, request.tags);
  }

  vpc(vpcId: string): VpcRecord {
    return found(this.vpcs.get(vpcId as VpcId), 'InvalidVpcID.NotFound', `vpc ID '${vpcId}'`);
  }

  subnet(subnetId: string): SubnetRecord {
    const subnet = this.subnets.get(subnetId as SubnetId);
    return found(subnet, 'InvalidSubnetID.NotFound', `subnet ID '${subnetId}'`);
  }

  securityGroup(groupId: string): SecurityGroupRecord {
    const group = this.securityGroups.get(groupId as SecurityGroupId);
    return found(group, 'InvalidGroup.NotFound', `security group '${groupId}'`);
  }

  /** The groups for an ENI of a VPC: those asked for, each in that VPC, or the default group. */
  groupsForEni(vpcId: VpcId, groupIds: readonly string[] | undefined): SecurityGroupId[] {
    if (groupIds === undefined || groupIds.length === 0) {
      return [this.vpc(vpcId).defaultSecurityGroupId];
    }
    return [...new Set(groupIds)].map((groupId) => {
      const group = this.securityGroup(groupId);
      if (group.vpcId !== vpcId) {
        throw new Ec2Error(
          'InvalidGroup.NotFound',
          `You have specified two resources that belong to different networks.`,
        );
      }
      return group.securityGroupId;
    });
  }

  /** Removes a group that no ENI uses. */
  deleteSecurityGroup(groupId: string, isUsed: (id: SecurityGroupId) => boolean): void {
    const group = this.securityGroup(groupId);
    if (group.name === 'default') {
      throw new Ec2Error(
        'OperationNotPermitted',
        'the specified group: "default" name: "default" cannot be deleted by a user',
      );
    }
    if (isUsed(group.securityGroupId)) {
      throw new Ec2Error('DependencyViolation', `resource ${groupId} has a dependent object`);
    }
    this.securityGroups.delete(group.securityGroupId);
  }

  subnetsOf(vpcId: VpcId): readonly SubnetRecord[] {
    return [...this.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
  }

  /** The ENI that holds an IPv4 address, in whichever VPC: what a source address says. */
  ownerOf(address: string): EniId | undefined {
    const value = ipv4Number(address);
    if (value === undefined) {
      return undefined;
    }
    for (const { addresses } of this.subnets.values()) {
      const owner = addresses.ownerOf(value);
      if (owner !== undefined) {
        return owner;
      }
    }
    return undefined;
  }

  #groupIn(
    vpcId: VpcId,
    name: string,
    description: string,
    tags: Readonly<Record<string, string>> | undefined,
  ): SecurityGroupRecord {
    const securityGroupId = this.#ids.securityGroup();
    const group = { securityGroupId, vpcId, name, description, tags: tagsOf(tags) };
    this.securityGroups.set(securityGroupId, group);
    return group;
  }
}

/** The instance id of a text that may be any string; the look-up decides whether it exists. */
export const asInstanceId = (text: string): InstanceId => text as InstanceId;

function parseCidr(text: string): Ipv4Cidr {
  if (ipv4Range(text) === undefined) {
    throw new TypeError(`CIDR: expected a network like 10.0.0.0/16 without host bits, got ${text}`);
  }
  return text as Ipv4Cidr;
}

const rangeOf = (cidr: Ipv4Cidr): Ipv4Range => ipv4Range(cidr) ?? { base: 0, size: 0 };
