import type { Ipv4Address, Ipv4Cidr } from '../ipv4.ts';

/** What the node's wiring depends on. The environment variables behind it keep upstream's names. */
export interface HostSettings {
  /** Hardware address of the primary ENI, any case. */
  readonly primaryMac: string;
  /** Primary address of the primary ENI: what pods look like outside the VPC. */
  readonly primaryAddress: Ipv4Address;
  /** Destinations that see the pod's own address. At least one unless `externalSnat`. */
  readonly vpcCidrs: readonly Ipv4Cidr[];
  /** First characters of host link names, at most 4. */
  readonly vethPrefix: string;
  /** MTU of ENIs, 576 to 9001. */
  readonly eniMtuBytes: number;
  /** Bit (or bits) of the packet and connection mark that belong to us. */
  readonly connmark: number;
  /** Replies to connections that came in by the primary ENI leave by the primary ENI. */
  readonly nodePortSupport: boolean;
  /** Somebody else translates addresses for the internet; the node does not. */
  readonly externalSnat: boolean;
  /** Further destinations that see the pod's own address. */
  readonly excludeSnatCidrs: readonly Ipv4Cidr[];
  /** How source ports are chosen: fully random, hashed, or left to the kernel. */
  readonly randomizeSnat: 'prng' | 'hashrandom' | 'none';
}

/** An ENI as the kernel sees it. */
export interface EniLink {
  /** Hardware address, any case. */
  readonly mac: string;
  readonly primaryAddress: Ipv4Address;
  readonly subnetCidr: Ipv4Cidr;
  /** As {@link routeTableId} gives it; not the main table, which belongs to the primary ENI. */
  readonly routeTableId: number;
}

/** One pod's place on the node. */
export interface PodAttachment {
  /** Path of the pod's network namespace; may be empty or gone on teardown. */
  readonly netnsPath: string;
  /** Name inside the pod, for example `eth0`. */
  readonly podLinkName: string;
  /** As {@link hostLinkName} gives it. */
  readonly hostLinkName: string;
  readonly address: Ipv4Address;
  /** Route table of the ENI that holds the address; {@link MAIN_TABLE} for the primary ENI. */
  readonly routeTableId: number;
  readonly mtuBytes: number;
}

/** What tearing a pod down needs to know; its ENI may be gone. */
export type PodToTearDown = Omit<PodAttachment, 'routeTableId'>;
