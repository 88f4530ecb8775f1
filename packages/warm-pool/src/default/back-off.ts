import type { Work } from '../action.ts';
import type { PoolState } from '../pool-state.ts';
import type { Refusal } from '../refusal.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { addressesBroughtBy } from './in-flight.ts';

/** What is wanted of EC2, before anybody asks whether it may be bothered now. */
export interface Wishes {
  readonly growth: readonly Work[];
  readonly shrinkage: readonly Work[];
}

/** The wishes that are granted, and why the others are not. */
export interface Allowed {
  readonly actions: readonly Work[];
  readonly refusals: readonly Refusal[];
  readonly isGrowthAllowed: boolean;
}

/** Grants the wishes as far as the node and EC2 allow them now. */
export function withinBackOffs(
  { growth, shrinkage }: Wishes,
  at: {
    readonly state: PoolState;
    readonly targets: WarmTargets;
    readonly prefixSize: number;
    readonly nowMs: number;
  },
): Allowed {
  const { subnetBackoffUntilMs: untilMs = at.nowMs } = at.state;
  const actions = [...growth, ...shrinkage];
  if (actions.length === 0) {
    return { actions, refusals: [], isGrowthAllowed: true };
  }
  const blocked = blockedWholly(at);
  const missingCount = addedCount(growth, at.prefixSize);
  if (blocked !== undefined) {
    const surplusCount = returnedCount(actions, at.prefixSize);
    const refusal: Refusal = { ...blocked, missingCount, surplusCount };
    return { actions: [], refusals: [refusal], isGrowthAllowed: false };
  }
  if (growth.length > 0 && untilMs > at.nowMs) {
    const refusal: Refusal = { reason: 'subnet-full', missingCount, untilMs };
    return { actions: shrinkage, refusals: [refusal], isGrowthAllowed: false };
  }
  return { actions, refusals: [], isGrowthAllowed: true };
}

/** Why nothing at all may be asked of EC2. */
function blockedWholly({
  state,
  targets,
  nowMs,
}: {
  readonly state: PoolState;
  readonly targets: WarmTargets;
  readonly nowMs: number;
}) {
  const { isTerminating = false, isSchedulable = true, throttledUntilMs: untilMs = nowMs } = state;
  if (isTerminating) {
    return { reason: 'terminating' } as const;
  }
  if (!isSchedulable && targets.managesNonSchedulable !== true) {
    return { reason: 'not-schedulable' } as const;
  }
  return untilMs > nowMs ? ({ reason: 'throttled', untilMs } as const) : undefined;
}

/** Addresses that actions add to the node. */
export const addedCount = (actions: readonly Work[], prefixSize: number): number =>
  actions.reduce((sum, action) => sum + addressesBroughtBy(action, prefixSize), 0);

const returnedCount = (actions: readonly Work[], prefixSize: number): number =>
  actions.reduce((sum, action) => sum + addressesReturnedBy(action, prefixSize), 0);

function addressesReturnedBy(action: Work, prefixSize: number): number {
  if ('addresses' in action) {
    return action.addresses.length;
  }
  return 'prefixes' in action ? action.prefixes.length * prefixSize : 0;
}
