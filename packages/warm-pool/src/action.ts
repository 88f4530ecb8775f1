import type { GrowthReason, ReturnReason } from './action-reason.ts';
import type { AssignPrefixes, CreateEniWithPrefixes, UnassignPrefixes } from './prefix-action.ts';

/** Create and attach an ENI with this many secondary addresses, in one call. */
export interface CreateEni {
  readonly kind: 'create-eni';
  readonly addressCount: number;
  /** Default 0. */
  readonly networkCardIndex?: number;
  /** One of the subnets in the state. Left out when there are none: whatever subnet is usual. */
  readonly subnetId?: string;
  readonly reason: GrowthReason;
}

/** Assign more secondary addresses to an ENI. */
export interface AssignAddresses {
  readonly kind: 'assign-addresses';
  readonly eniId: string;
  readonly count: number;
  readonly reason: GrowthReason;
}

/** Give these free addresses back to EC2. Drain them first: a pod may have taken one meanwhile. */
export interface UnassignAddresses {
  readonly kind: 'unassign-addresses';
  readonly eniId: string;
  readonly addresses: readonly string[];
  readonly reason: ReturnReason;
}

/** Detach and delete an ENI that serves no pod. Drain its addresses first. */
export interface DeleteEni {
  readonly kind: 'delete-eni';
  readonly eniId: string;
  /** `drained`: an earlier attempt failed after its addresses had been put out of reach. */
  readonly reason: 'idle-eni' | 'drained' | 'unusable';
}

/** Nothing can be done about something wanted before this instant; plan again then. */
export interface Wait {
  readonly kind: 'wait';
  readonly untilMs: number;
  readonly reason:
    | 'subnet-full'
    | 'throttled'
    | 'cooling'
    | 'eni-too-young'
    | 'recent-arrivals'
    | 'recent-churn';
}

/** What to do next. Actions of one plan concern different ENIs and may run in parallel. */
export type Action =
  | CreateEni
  | CreateEniWithPrefixes
  | AssignAddresses
  | AssignPrefixes
  | UnassignAddresses
  | UnassignPrefixes
  | DeleteEni
  | Wait;

/** An action that changes something. */
export type Work = Exclude<Action, Wait>;

/** Why something is done. */
export type ActionReason = Action['reason'];
