/** Why the pool grows. */
export type GrowthReason = 'pods-waiting' | 'below-warm-enis' | 'below-warm-ips' | 'below-minimum';

/** Create and attach an ENI with this many secondary addresses, in one call. */
export interface CreateEni {
  readonly kind: 'create-eni';
  readonly addressCount: number;
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
  readonly reason: 'above-targets';
}

/** Detach and delete an ENI that serves no pod. Drain its addresses first. */
export interface DeleteEni {
  readonly kind: 'delete-eni';
  readonly eniId: string;
  readonly reason: 'idle-eni';
}

/** Nothing can be done about something wanted before this instant; plan again then. */
export interface Wait {
  readonly kind: 'wait';
  readonly untilMs: number;
  readonly reason: 'subnet-full' | 'throttled' | 'cooling' | 'eni-too-young' | 'recent-churn';
}

/** What to do next. Actions of one plan concern different ENIs and may run in parallel. */
export type Action = CreateEni | AssignAddresses | UnassignAddresses | DeleteEni | Wait;

/**
 * Something that the targets or the waiting pods ask for and that is not done now, and why.
 * `missingCount` is the number of addresses not asked for.
 */
export type Refusal =
  /** No slot for another ENI, and those there are full. */
  | {
      readonly reason: 'eni-limit';
      readonly missingCount: number;
      readonly eniCount: number;
      readonly eniLimit: number;
    }
  /** The node could not run more pods even if it had more addresses. */
  | {
      readonly reason: 'at-max-pods';
      readonly missingCount: number;
      readonly maxPods: number;
      /** Most addresses the node may hold now: max-pods plus what is cooling. */
      readonly ceilingCount: number;
    }
  | { readonly reason: 'subnet-full'; readonly missingCount: number; readonly untilMs: number }
  /** EC2 throttles; `surplusCount` would have been given back. */
  | {
      readonly reason: 'throttled';
      readonly missingCount: number;
      readonly surplusCount: number;
      readonly untilMs: number;
    }
  /** Room on an ENI that another action is busy with, or on one still being created. */
  | { readonly reason: 'in-flight'; readonly missingCount: number; readonly eniId?: string }
  /** Pods wait for these addresses to cool; or the ENI stays until its addresses have. */
  | {
      readonly reason: 'cooling';
      readonly coolingCount: number;
      readonly eniId?: string;
      readonly untilMs?: number;
    }
  /** The ENI serves nobody, but is younger than a minute. */
  | { readonly reason: 'eni-too-young'; readonly eniId: string; readonly untilMs: number }
  /** Kept because the pods that just left tend to come back: an ENI, or single addresses. */
  | {
      readonly reason: 'recent-churn';
      readonly keptCount: number;
      readonly eniId?: string;
      readonly untilMs?: number;
    };

/** Why something wanted is not done. */
export type RefusalReason = Refusal['reason'];
/** Why something is done. */
export type ActionReason = Action['reason'];
