import type { AssignAddresses, CreateEni, DeleteEni, UnassignAddresses } from './action.ts';

/** What the pool looks like at one instant. Counts are addresses for pods; no primary addresses. */
export interface PoolState {
  readonly enis: readonly PoolEni[];
  /** Pods that wait for an address at this instant. */
  readonly waitingCount: number;
  /** Actions of earlier plans that are not finished. What they will bring is counted as had. */
  readonly inFlight: readonly InFlightAction[];
  /** Pods the node can run; see `status.capacity.pods` of the Node. 0 = nothing ever grows. */
  readonly maxPods: number;
  /** The subnet had no address left: nothing is asked of it before this instant. */
  readonly subnetBackoffUntilMs?: number;
  /** EC2 throttles this node: nothing at all is asked of it before this instant. */
  readonly throttledUntilMs?: number;
  /** When the next cooling address will be free. */
  readonly nextCooledAtMs?: number;
  /** When an address was last released; surplus stays a while after that. */
  readonly lastReleasedAtMs?: number;
}

/**
 * What an ENI is to the pool.
 *
 * - `primary`, `secondary`: serve pods.
 * - `excluded`: in a subnet that is closed to pods; those it has keep working.
 * - `trunk`: carries branch ENIs. Its addresses serve pods, but it is never grown nor deleted.
 * - `efa`: never deleted.
 * - `unmanaged`: not ours; takes a slot of the network card, nothing else.
 */
export type EniKind = 'primary' | 'secondary' | 'excluded' | 'trunk' | 'efa' | 'unmanaged';

/** A /28 on an ENI: 16 addresses, all for pods. */
export interface PoolPrefix {
  /** Such as `10.0.0.16/28`. */
  readonly prefix: string;
  readonly reservedCount: number;
  readonly coolingCount: number;
}

/** One ENI that serves pods. */
export interface PoolEni {
  readonly eniId: string;
  readonly isPrimary: boolean;
  /** All secondary addresses on it, in whatever state. */
  readonly totalCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** When this process learnt of the ENI, Unix milliseconds. */
  readonly attachedAtMs: number;
  /** Its free addresses, longest idle first; they are given back in this order. */
  readonly freeAddresses: readonly string[];
  /** Default: `primary` or `secondary`, as `isPrimary` says. A primary ENI may be `excluded`. */
  readonly kind?: EniKind;
  /** Default 0. */
  readonly networkCardIndex?: number;
  /** Slot on its network card; for the reader of a plan. Default: not known. */
  readonly deviceNumber?: number;
  /** Its cooling addresses, which {@link planUpstream} may give back. Default: none of them known. */
  readonly coolingAddresses?: readonly string[];
  /** Its prefixes, none of whose addresses are in the counts above. Default: none. */
  readonly prefixes?: readonly PoolPrefix[];
}

export const eniKindOf = ({ kind, isPrimary }: PoolEni): EniKind =>
  kind ?? (isPrimary ? 'primary' : 'secondary');

/** An action that is under way; `reason` may be left out. */
export type InFlightAction =
  | Omit<CreateEni, 'reason'>
  | Omit<AssignAddresses, 'reason'>
  | Omit<UnassignAddresses, 'reason'>
  | Omit<DeleteEni, 'reason'>;
