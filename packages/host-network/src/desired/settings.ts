import { type IpAddress, type IpCidr, type IpFamily, ipFamily } from '../ip.ts';
import type { Ipv4Cidr } from '../ipv4.ts';

/** What the node's wiring depends on. The environment variables behind it keep upstream's names. */
export interface HostSettings {
  /** Hardware address of the primary ENI, any case. */
  readonly primaryMac: string;
  /**
   * Primary address of the primary ENI: what pods look like outside the VPC. Its family is the cluster's:
   * pods of an IPv6 cluster are neither translated nor marked.
   */
  readonly primaryAddress: IpAddress;
  /** Destinations that see the pod's own address. At least one unless `externalSnat`. */
  readonly vpcCidrs: readonly Ipv4Cidr[];
  /** First characters of host link names, at most 4. */
  readonly vethPrefix: string;
  /** MTU of ENIs, 576 to 9001, see {@link deriveMtus}. */
  readonly eniMtuBytes: number;
  /** Bit (or bits) of the packet and connection mark that belong to us. */
  readonly connmark: number;
  /** Replies to connections that came in by the primary ENI leave by the primary ENI. */
  readonly nodePortSupport: boolean;
  /**
   * Bits of the packet and connection mark, next to each other and apart from `connmark`, that hold the ENI
   * by which a connection came in: then replies leave by any ENI they came in by. 0x7f00 does for eight
   * network cards. Needs `nodePortSupport`. Default: none, for the primary ENI only.
   */
  readonly eniMarkMask?: number;
  /** Somebody else translates addresses for the internet; the node does not. */
  readonly externalSnat: boolean;
  /** Further destinations that see the pod's own address. */
  readonly excludeSnatCidrs: readonly Ipv4Cidr[];
  /** How source ports are chosen: fully random, hashed, or left to the kernel. */
  readonly randomizeSnat: 'prng' | 'hashrandom' | 'none';
  /** Destinations that the main table leads to, whatever pod asks for them. Default: none. */
  readonly externalServiceCidrs?: readonly Ipv4Cidr[];
  /**
   * The node's address in the family that is not the cluster's, by which pods with an egress link leave the
   * VPC. Default: none, and pods keep to their family.
   */
  readonly egressAddress?: IpAddress;
  /**
   * A plugin of its own gives pods egress links, see {@link createEgressWiring}: like the others' they cannot be
   * reached from other nodes. Needed in IPv4 clusters only. Default: false.
   */
  readonly hasEgressPlugin?: boolean;
  /** How pods with security groups of their own are wired. Default: there are no such pods. */
  readonly branchEnis?: BranchMode;
}

/**
 * `strict`: everything a pod sends and receives passes its branch ENI. `standard`: what stays on the node,
 * or leaves the VPC, does not.
 */
export type BranchMode = 'strict' | 'standard';

/** The family of the cluster's pods. */
export const clusterFamily = ({ primaryAddress }: Pick<HostSettings, 'primaryAddress'>): IpFamily =>
  ipFamily(primaryAddress);

/**
 * An ENI as the kernel sees it, in one family. One that has pods of both is two of these, with the same MAC
 * and table.
 */
export interface EniLink {
  /** Hardware address, any case. */
  readonly mac: string;
  readonly primaryAddress: IpAddress;
  readonly subnetCidr: IpCidr;
  /** As {@link routeTableId} gives it; not the main table, which belongs to the primary ENI. */
  readonly routeTableId: number;
  /** A trunk has routes, and no rule that leads to them. Default: false. */
  readonly isTrunk?: boolean;
}

/** One interface of a pod: its place on the node. */
export interface PodAttachment {
  /** Path of the pod's network namespace; may be empty or gone on teardown. */
  readonly netnsPath: string;
  /** Name inside the pod, for example `eth0`. */
  readonly podLinkName: string;
  /** As {@link hostLinkName} gives it. */
  readonly hostLinkName: string;
  readonly address: IpAddress;
  /** The address of the other family, of a pod that has both. */
  readonly secondAddress?: IpAddress;
  /**
   * Route table of the ENI that holds the address; {@link MAIN_TABLE} for the primary ENI. That of a branch
   * ENI is known from its VLAN, and what stands here does not matter.
   */
  readonly routeTableId: number;
  readonly mtuBytes: number;
  /** Number of the interface in a pod with several. Default 0, the first. */
  readonly interfaceIndex?: number;
  /** Set for a pod that has security groups, and so an ENI, of its own. */
  readonly branch?: BranchEni;
  /**
   * True for a pod's second link, by which it leaves the VPC in the other family: `address` is then one of
   * 169.254.172.0/22 or fd00::ac:0/118, and table, index and branch do not matter. Default: false.
   */
  readonly isEgress?: boolean;
}

/**
 * A pod interface that somebody wired. An MTU that nobody wrote down is not looked after, and neither are MAC
 * and trunk of a branch ENI's link.
 */
export type WiredAttachment = Omit<PodAttachment, 'mtuBytes' | 'branch'> &
  Partial<Pick<PodAttachment, 'mtuBytes'>> & {
    readonly branch?: BranchEni | Omit<BranchEni, 'mac' | 'trunkLinkIndex'>;
  };

/** A pod's own ENI, as a VLAN on the trunk ENI. */
export interface BranchEni {
  readonly vlanId: number;
  readonly mac: string;
  /** Next hop: the subnet's router, `fe80:ec2::1` for IPv6. */
  readonly router: IpAddress;
  /** Next hop in the other family, of a pod that has both. */
  readonly secondRouter?: IpAddress;
  /** Index of the trunk ENI's link. */
  readonly trunkLinkIndex: number;
  readonly mode: BranchMode;
}

/** What tearing a branch ENI's pod down needs to know; the trunk may be gone. */
export type BranchToTearDown = Pick<BranchEni, 'vlanId' | 'mode'>;

/** What tearing a pod down needs to know; its ENI may be gone. */
export type PodToTearDown = Omit<WiredAttachment, 'routeTableId' | 'branch'> & {
  readonly branch?: BranchToTearDown;
};

/** The addresses of a pod interface, one or one of each family. */
export const addressesOf = ({
  address,
  secondAddress,
}: Pick<PodAttachment, 'address' | 'secondAddress'>): readonly IpAddress[] =>
  secondAddress === undefined ? [address] : [address, secondAddress];
