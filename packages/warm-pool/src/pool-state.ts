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
}

/** An action that is under way; `reason` may be left out. */
export type InFlightAction =
  | Omit<CreateEni, 'reason'>
  | Omit<AssignAddresses, 'reason'>
  | Omit<UnassignAddresses, 'reason'>
  | Omit<DeleteEni, 'reason'>;
