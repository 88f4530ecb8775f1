import type { EniId, Ipv4Address, Ipv4Prefix, SubnetId } from '@vpc-cni/ipam';

/** An ENI of this instance, as instance metadata or EC2 describes it. */
export interface ObservedEni {
  readonly eniId: EniId;
  /** Lower case, colon separated. */
  readonly mac: string;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly subnetId: SubnetId;
  readonly subnetCidr: `${Ipv4Address}/${number}`;
  readonly primaryAddress: Ipv4Address;
  readonly secondaryAddresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Prefix[];
  readonly isPrimary: boolean;
}

/** What EC2 itself says of an ENI of this instance; the last word where instance metadata may be stale. */
export interface EniTruth {
  readonly eniId: EniId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly secondaryAddresses: readonly Ipv4Address[];
  readonly prefixes: readonly Ipv4Prefix[];
  /** False for ENIs tagged `node.k8s.amazonaws.com/no_manage=true`. */
  readonly isManaged: boolean;
}

/** What a new ENI shall hold for pods, beside its primary address. EC2 takes one kind at a time. */
export type PodBlockCount = { readonly addressCount: number } | { readonly prefixCount: number };

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
 * Failures carry a string `code`; {@link growthBlockOf} lists those that are told apart.
 */
export interface EniPort {
  /** Creates and attaches an ENI, in the subnet of the primary one, with all that is asked for. */
  allocateEni(wanted: PodBlockCount, options: CallOptions): Promise<ObservedEni>;
  assignAddresses(
    eniId: EniId,
    count: number,
    options: CallOptions,
  ): Promise<readonly Ipv4Address[]>;
  unassignAddresses(
    eniId: EniId,
    addresses: readonly Ipv4Address[],
    options: CallOptions,
  ): Promise<void>;
  /** Code `no-free-prefix` when the subnet has no whole /28 left; single addresses it may have. */
  assignPrefixes(eniId: EniId, count: number, options: CallOptions): Promise<readonly Ipv4Prefix[]>;
  unassignPrefixes(
    eniId: EniId,
    prefixes: readonly Ipv4Prefix[],
    options: CallOptions,
  ): Promise<void>;
  /** Detaches and deletes; success when the ENI is gone already. */
  freeEni(eniId: EniId, options: CallOptions): Promise<void>;
  /** Left out of the answer: ENIs attached to no instance, to another one, or being detached. */
  describeEnis(eniIds: readonly EniId[], options: CallOptions): Promise<readonly EniTruth[]>;
}

/** Host wiring of secondary ENIs. */
export interface HostPort {
  routeTableId(eni: { readonly networkCardIndex: number; readonly deviceNumber: number }): number;
  /** Waits (bounded) for the link to appear, then configures it; may be repeated. */
  setUpEni(eni: ObservedEni, options: CallOptions): Promise<void>;
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
