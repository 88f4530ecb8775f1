import type { AssignAddresses, CreateEni, DeleteEni, UnassignAddresses } from './action.ts';
import type { AssignPrefixes, CreateEniWithPrefixes, UnassignPrefixes } from './prefix-action.ts';

/** What the pool looks like at one instant. Counts are addresses for pods; no primary addresses. */
export interface PoolState {
  readonly enis: readonly PoolEni[];
  /** Pods that wait for an address at this instant. */
  readonly waitingCount: number;
  /** Actions of earlier plans that are not finished. What they will bring is counted as had. */
  readonly inFlight: readonly InFlightAction[];
  /** Pods the node can run; see `status.capacity.pods` of the Node. 0 = nothing ever grows. */
  readonly maxPods: number;
  /** No subnet had an address left: nothing is asked for before this instant. Default: never. */
  readonly subnetBackoffUntilMs?: number;
  /** EC2 throttles this node: nothing at all is asked of it before this instant. Default: never. */
  readonly throttledUntilMs?: number;
  /** When the next cooling address will be free. Default: not known. */
  readonly nextCooledAtMs?: number;
  /** When an address was last reserved; growth of address targets goes by the batch. Default: long ago. */
  readonly lastReservedAtMs?: number;
  /** When an address was last released; surplus stays a while after that. Default: long ago. */
  readonly lastReleasedAtMs?: number;
  /**
   * The subnets that pods of this node may get addresses from, as far as they are known. Default:
   * none; then every subnet counts as having room, and new ENIs name no subnet.
   */
  readonly subnets?: readonly SubnetHint[];
  /**
   * Network cards that have a pool, even while no ENI is on them (`ENABLE_MULTI_NIC`). Card 0 always
   * has one. Default: those of the ENIs that are not unmanaged.
   */
  readonly managedCardIndexes?: readonly number[];
  /** Pods that wait for an address on a card. Default: `waitingCount` on card 0, none elsewhere. */
  readonly waitingByCard?: Readonly<Record<number, number>>;
  /** The node is not cordoned. Default true. */
  readonly isSchedulable?: boolean;
  /** The daemon is shutting down. Default false. */
  readonly isTerminating?: boolean;
}

/** What is known of a subnet. */
export interface SubnetHint {
  readonly subnetId: string;
  /** Free addresses; what actions under way ask for is taken off. Default: enough. */
  readonly freeCount?: number;
  /** It has no free /28, whatever `freeCount` says: single addresses only. Default false. */
  readonly isFragmented?: boolean;
  /** EC2 found it full: nothing is asked of it before this instant. Default: never. */
  readonly backoffUntilMs?: number;
  /**
   * False where no new ENI may go: tagged away from pods, or the node's own subnet with custom
   * networking. Default true.
   */
  readonly acceptsNewEnis?: boolean;
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

/** A prefix on an ENI: a /28 with 16 addresses, all for pods; with IPv6 a /80. */
export interface PoolPrefix {
  /** Such as `10.0.0.16/28`. */
  readonly prefix: string;
  readonly reservedCount: number;
  readonly coolingCount: number;
  /** Promised back to EC2. Default false. */
  readonly isDraining?: boolean;
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
  /** Of {@link PoolState.subnets}. Default: not known, which counts as having room. */
  readonly subnetId?: string;
  /** Its cooling addresses, which {@link planUpstream} may give back. Default: none of them known. */
  readonly coolingAddresses?: readonly string[];
  /** Its prefixes, none of whose addresses are in the counts above. Default: none. */
  readonly prefixes?: readonly PoolPrefix[];
}

export const eniKindOf = ({ kind, isPrimary }: PoolEni): EniKind =>
  kind ?? (isPrimary ? 'primary' : 'secondary');

export const cardIndexOf = ({ networkCardIndex = 0 }: { readonly networkCardIndex?: number }) =>
  networkCardIndex;

/** The order in which ENIs are filled. */
export const primaryThenOldest = (a: PoolEni, b: PoolEni): number =>
  Number(b.isPrimary) - Number(a.isPrimary) || a.attachedAtMs - b.attachedAtMs || byId(a, b);

export const byId = (a: PoolEni, b: PoolEni): number => (a.eniId < b.eniId ? -1 : 1);

/** The network cards of a node that have a pool, ascending. */
export function managedCardsOf({ enis, managedCardIndexes }: PoolState): readonly number[] {
  const indexes = new Set([0, ...(managedCardIndexes ?? [])]);
  if (managedCardIndexes === undefined) {
    for (const eni of enis) {
      if (eni.kind !== 'unmanaged') {
        indexes.add(cardIndexOf(eni));
      }
    }
  }
  return [...indexes].sort((a, b) => a - b);
}

/** An action that is under way; `reason` may be left out. */
export type InFlightAction =
  | Omit<CreateEni, 'reason'>
  | Omit<CreateEniWithPrefixes, 'reason'>
  | Omit<AssignAddresses, 'reason'>
  | Omit<AssignPrefixes, 'reason'>
  | Omit<UnassignAddresses, 'reason'>
  | Omit<UnassignPrefixes, 'reason'>
  | Omit<DeleteEni, 'reason'>;
