import type { Action, Refusal, Wait } from './action.ts';
import type { Growth } from './growth.ts';
import type { Shrinkage } from './shrink.ts';
import type { Situation } from './situation.ts';

/** The parts of a plan. */
export interface PlanParts {
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly waits: readonly Wait[];
}

/** Growth and shrinkage as far as the back-offs allow them now. */
export function withinBackOffs(
  growth: Growth,
  shrinkage: Shrinkage,
  { state, nowMs }: Situation,
): PlanParts {
  const { throttledUntilMs = nowMs, subnetBackoffUntilMs = nowMs } = state;
  const refusals = [...growth.refusals, ...shrinkage.refusals];
  const all = [...growth.actions, ...shrinkage.actions];
  if (all.length > 0 && throttledUntilMs > nowMs) {
    const missingCount = addedCount(growth.actions);
    const surplusCount = returnedCount(shrinkage.actions);
    const untilMs = throttledUntilMs;
    return {
      actions: [],
      refusals: [...refusals, { reason: 'throttled', missingCount, surplusCount, untilMs }],
      waits: [...shrinkage.waits, { kind: 'wait', untilMs, reason: 'throttled' }],
    };
  }
  if (growth.actions.length > 0 && subnetBackoffUntilMs > nowMs) {
    const missingCount = addedCount(growth.actions);
    const untilMs = subnetBackoffUntilMs;
    return {
      actions: shrinkage.actions,
      refusals: [...refusals, { reason: 'subnet-full', missingCount, untilMs }],
      waits: [...shrinkage.waits, { kind: 'wait', untilMs, reason: 'subnet-full' }],
    };
  }
  return { actions: all, refusals, waits: shrinkage.waits };
}

/** Addresses that actions add to the node. */
export const addedCount = (actions: readonly Action[]): number =>
  actions.reduce((total, action) => {
    if (action.kind === 'create-eni') {
      return total + action.addressCount;
    }
    return action.kind === 'assign-addresses' ? total + action.count : total;
  }, 0);

const returnedCount = (actions: readonly Action[]): number =>
  actions.reduce(
    (total, action) =>
      action.kind === 'unassign-addresses' ? total + action.addresses.length : total,
    0,
  );
