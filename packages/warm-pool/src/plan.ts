import type { Action, Refusal, Wait } from './action.ts';
import { addedCount, type PlanParts, withinBackOffs } from './back-off.ts';
import { planGrowth } from './growth.ts';
import type { InstanceLimits } from './max-pods.ts';
import { type PoolNeed, poolNeed } from './need.ts';
import { type PoolFigures, poolFigures } from './pool-figures.ts';
import type { PoolState } from './pool-state.ts';
import { planShrink, type Shrinkage } from './shrink.ts';
import type { Situation } from './situation.ts';
import type { WarmTargets } from './warm-targets.ts';

/** What to do, what is not done, and the figures both come from. */
export interface Plan {
  /** For different ENIs each, so they may run in parallel; at most one `wait`, the earliest. */
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly figures: PoolFigures & PoolNeed;
}

/**
 * Decides what a node's pool of addresses needs next.
 *
 * Pure and deterministic: the same arguments give the same plan, whatever the order of the ENIs. An
 * empty plan means that the pool is as it should be or that nothing more can be done now; then the
 * refusals say what is missing.
 *
 * @param nowMs Unix milliseconds, compared with the instants in `state`.
 */
export function plan(
  state: PoolState,
  targets: WarmTargets,
  limits: InstanceLimits,
  nowMs: number,
): Plan {
  const figures = poolFigures(state, targets, limits);
  const need = poolNeed(figures, targets, state.maxPods);
  const situation: Situation = { state, targets, figures, need, nowMs };

  const shrinkage = isSettled(situation) ? planShrink(situation) : NOTHING;
  const parts = withinBackOffs(planGrowth(situation), shrinkage, situation);
  const thirst = waitingForCoolDown(situation, parts);
  return {
    actions: [...parts.actions, ...earliest([...parts.waits, ...thirst.waits], nowMs)],
    refusals: [...beyondCeiling(situation), ...parts.refusals, ...thirst.refusals],
    figures: { ...figures, ...need },
  };
}

const NOTHING: Shrinkage & PlanParts = { actions: [], refusals: [], waits: [] };

/** Nothing is given back while anything is wanted or on its way. */
const isSettled = ({ need, figures }: Situation): boolean =>
  need.shortfall === 0 &&
  figures.waitingCount === 0 &&
  figures.comingCount === 0 &&
  figures.comingEniCount === 0;

function beyondCeiling({ need, state }: Situation): readonly Refusal[] {
  const { beyondCeilingCount: missingCount, ceilingCount } = need;
  return missingCount === 0
    ? []
    : [{ reason: 'at-max-pods', missingCount, maxPods: state.maxPods, ceilingCount }];
}

/** Pods for which nothing more can be fetched get the addresses that are cooling. */
function waitingForCoolDown({ state, figures }: Situation, { actions }: PlanParts): PlanParts {
  const { waitingCount, freeCount, comingCount, coolingCount } = figures;
  const unserved = waitingCount - freeCount - comingCount - addedCount(actions);
  if (unserved <= 0 || coolingCount === 0) {
    return NOTHING;
  }
  const untilMs = state.nextCooledAtMs;
  return {
    actions: [],
    refusals: [{ reason: 'cooling', coolingCount, ...(untilMs === undefined ? {} : { untilMs }) }],
    waits: untilMs === undefined ? [] : [{ kind: 'wait', untilMs, reason: 'cooling' }],
  };
}

const earliest = (waits: readonly Wait[], nowMs: number): readonly Wait[] =>
  waits
    .filter(({ untilMs }) => untilMs > nowMs)
    .sort((a, b) => a.untilMs - b.untilMs)
    .slice(0, 1);
