/**
 * Something that the targets or the waiting pods ask for and that is not done now, and why.
 *
 * `missingCount` is the number of addresses not asked for, `surplusCount` of those not given back.
 */
export type Refusal =
  /** No slot for another ENI, and those there are full. */
  | {
      readonly reason: 'eni-limit';
      readonly missingCount: number;
      /** ENIs on the card, those on their way, those now asked for and a slot kept for the trunk ENI. */
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
  /** The subnets there are have no room, or said so lately. Without an instant: until they have. */
  | { readonly reason: 'subnet-full'; readonly missingCount: number; readonly untilMs?: number }
  /** The subnets have no free /28. Single addresses are asked for instead, where there are slots. */
  | { readonly reason: 'no-free-prefix'; readonly missingCount: number }
  /** EC2 throttles. */
  | {
      readonly reason: 'throttled';
      readonly missingCount: number;
      readonly surplusCount: number;
      readonly untilMs: number;
    }
  /** The node is cordoned, or the daemon is shutting down: the pool is left as it is. */
  | {
      readonly reason: 'not-schedulable' | 'terminating';
      readonly missingCount: number;
      readonly surplusCount: number;
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
  /** Pods arrive: what they leave below an address target is asked for together, by this instant. */
  | { readonly reason: 'recent-arrivals'; readonly missingCount: number; readonly untilMs: number }
  /** Kept because the pods that just left tend to come back: an ENI, or addresses. */
  | {
      readonly reason: 'recent-churn';
      readonly keptCount: number;
      readonly eniId?: string;
      readonly untilMs?: number;
    };

/** Why something wanted is not done. */
export type RefusalReason = Refusal['reason'];
