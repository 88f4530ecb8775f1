import { expect, test } from '@jest/globals';
import type { Action } from '../action.ts';
import { limitsOf, NOW_MS, targetsOf } from '../decisions.fixture.ts';
import type { PlanLimits } from '../plan-limits.ts';
import type { PoolState } from '../pool-state.ts';
import type { Refusal } from '../refusal.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { plan } from './plan.ts';

/** One situation and the whole of its plan. Targets: `WARM_ENI_TARGET=1`; limits: 3 ENIs of 3. */
export interface PlanCase {
  readonly name: string;
  readonly state: PoolState;
  readonly targets?: WarmTargets;
  readonly limits?: PlanLimits;
  readonly actions: readonly Action[];
  readonly refusals?: readonly Refusal[];
}

const planned = ({ state, targets = targetsOf(1), limits = limitsOf(3, 3) }: PlanCase) => {
  const { actions, refusals } = plan(state, targets, limits, NOW_MS);
  return { actions, refusals };
};

/** Each case as a test, named by what the plan does. */
export const check = (cases: readonly PlanCase[]) =>
  test.each(cases)('$name', (one) => {
    expect(planned(one)).toEqual({ actions: one.actions, refusals: one.refusals ?? [] });
  });
