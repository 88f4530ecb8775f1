import type {
  EniId,
  EniRole,
  IpAddress,
  IpPrefix,
  Ipv4Address,
  Ipv6Address,
  SubnetId,
} from '@vpc-cni/ipam';

/** Where an ENI is on the instance. */
export interface EniSlot {
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
}

/**
 * An ENI of this instance, as instance metadata or EC2 describes it; of its secondary addresses and prefixes
 * those of the family that pods are given.
 */
export interface ObservedEni extends EniSlot {
  readonly eniId: EniId;
  /** Lower case, colon separated. */
  readonly mac: string;
  readonly subnetId: SubnetId;
  readonly subnetCidr: `${Ipv4Address}/${number}`;
  readonly primaryAddress: Ipv4Address;
  readonly secondaryAddresses: readonly IpAddress[];
  readonly prefixes: readonly IpPrefix[];
  readonly isPrimary: boolean;
  /** Those that are not in `prefixes`; the first is its own. Default: none. */
  readonly ipv6Addresses?: readonly Ipv6Address[];
  /** Default: the subnet has none. */
  readonly subnetIpv6Cidr?: `${Ipv6Address}/${number}`;
}

/** What EC2 itself says of an ENI of this instance; the last word where instance metadata may be stale. */
export interface EniTruth extends EniSlot {
  readonly eniId: EniId;
  readonly secondaryAddresses: readonly IpAddress[];
  readonly prefixes: readonly IpPrefix[];
  /** False for ENIs that are not the pool's, such as those tagged `node.k8s.amazonaws.com/no_manage=true`. */
  readonly isManaged: boolean;
  /** Default `ordinary`. */
  readonly role?: EniRole;
}

/** What a new ENI shall hold for pods, beside its primary address. EC2 takes one kind at a time. */
export type PodBlockCount = { readonly addressCount: number } | { readonly prefixCount: number };

/** A new ENI. */
export type WantedEni = PodBlockCount & {
  readonly networkCardIndex: number;
  /** Makes EC2 answer a repeated request with the ENI of the first; it is written down before the call. */
  readonly clientToken: string;
  /** Slots that are taken as far as the pool knows. */
  readonly usedSlots: readonly EniSlot[];
};

interface CallOptions {
  readonly signal: AbortSignal;
}

/** Instance metadata: cheap to ask, at times stale. */
export interface MetadataPort {
  readEnis(options: CallOptions): Promise<readonly ObservedEni[]>;
}

/**
 * EC2 operations on this instance's ENIs.
 *
 * Failures carry a string `code`; {@link growthBlockOf} lists those that are told apart, {@link isRefusal}
 * those after which EC2 has certainly done nothing.
 */
export interface EniPort {
  /** Creates and attaches an ENI with all that is asked for. */
  allocateEni(wanted: WantedEni, options: CallOptions): Promise<ObservedEni>;
  assignAddresses(eniId: EniId, count: number, options: CallOptions): Promise<readonly IpAddress[]>;
  unassignAddresses(
    eniId: EniId,
    addresses: readonly IpAddress[],
    options: CallOptions,
  ): Promise<void>;
  /**
   * Prefixes of the pods' family. Code `no-free-prefix` when the subnet has no whole one left; single
   * addresses it may have.
   */
  assignPrefixes(eniId: EniId, count: number, options: CallOptions): Promise<readonly IpPrefix[]>;
  unassignPrefixes(
    eniId: EniId,
    prefixes: readonly IpPrefix[],
    options: CallOptions,
  ): Promise<void>;
  /** Detaches and deletes; success when the ENI is gone already. */
  freeEni(eniId: EniId, options: CallOptions): Promise<void>;
  /** Left out of the answer: ENIs attached to no instance, to another one, or being detached. */
  describeEnis(eniIds: readonly EniId[], options: CallOptions): Promise<readonly EniTruth[]>;
  /**
   * Deletes ENIs that this node created and that are attached nowhere, except those that are just being
   * attached. Asked for after a crash or a failure that may have left one.
   */
  deleteLeakedEnis(options: CallOptions): Promise<void>;
}

/** Host wiring of secondary ENIs. */
export interface HostPort {
  routeTableId(eni: { readonly networkCardIndex: number; readonly deviceNumber: number }): number;
  /** Waits (bounded) for the link to appear, then configures it as its role has it; may be repeated. */
  setUpEni(eni: ObservedEni, options: CallOptions & { readonly role: EniRole }): Promise<void>;
  /** An ENI that was never set up is no error. */
  tearDownEni(eniId: EniId): Promise<void>;
}

/** Makes the address book durable. */
export interface CheckpointPort {
  /** Resolves when everything that was in the book at the time of the call is on disk. */
  save(): Promise<void>;
}

export interface Clock {
  /** Unix time in milliseconds. Should never go back: waits and back-offs are measured with it. */
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
