import type { Action } from '../action.ts';
import { checkPlanLimits, type PlanLimits } from '../plan-limits.ts';
import type { PoolState } from '../pool-state.ts';
import { IPV6_PREFIX_SIZE, PREFIX_SIZE } from '../prefix-size.ts';
import type { Refusal } from '../refusal.ts';
import { usableTargets, type WarmTargets } from '../warm-targets.ts';
import { addedCount, withinBackOffs } from './back-off.ts';
import { cardsOf } from './card.ts';
import { ipv6Wishes, wishesOf } from './card-wishes.ts';
import { earliestWait, until } from './earliest-wait.ts';
import { type PoolFigures, poolFigures } from './figures.ts';
import { batchEndsAtMs, type PoolNeed, poolNeed } from './need.ts';
import type { Situation } from './situation.ts';
import { Subnets } from './subnets.ts';

/** What to do, what is not done, and the figures both come from. */
export interface Plan {
  /** For different ENIs each, so they may run in parallel; at most one `wait`, the earliest. */
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  /** Those that are one network card's own, by its index; the others are the whole node's. */
  readonly refusalsByCard: Readonly<Record<number, readonly Refusal[]>>;
  /** Of network card 0. */
  readonly figures: PoolFigures & PoolNeed;
  /** Of every network card that has a pool, ascending. */
  readonly cards: readonly (PoolFigures & PoolNeed)[];
}

/**
 * Decides what a node's pool of addresses needs next.
 *
 * Pure and deterministic: the same arguments give the same plan, whatever the order of the ENIs. An
 * empty plan means that the pool is as it should be or that nothing more can be done now; then the
 * refusals say what is missing.
 *
 * Targets that are no usable number count as their default.
 *
 * @param nowMs Unix milliseconds, compared with the instants in `state`.
 * @throws {WarmPoolError} `invalid-limits` when the limits are no whole numbers from 0.
 */
export function plan(
  state: PoolState,
  targets: WarmTargets,
  limits: PlanLimits,
  nowMs: number,
): Plan {
  checkPlanLimits(limits);
  const usable = usableTargets(targets);
  const isIpv6 = usable.addressFamily === 'ipv6';
  const subnets = new Subnets(state, nowMs);
  const situations = cardsOf(state, usable, limits).map((card): Situation => {
    const figures = poolFigures(card);
    return { card, figures, need: poolNeed(figures, card, state, nowMs), subnets, state, nowMs };
  });
  const wishes = situations.map((situation) =>
    isIpv6 ? ipv6Wishes(situation) : wishesOf(situation),
  );

  const growth = wishes.flatMap((wish) => wish.growth);
  const shrinkage = wishes.flatMap((wish) => wish.shrinkage);
  const prefixSize = isIpv6 ? IPV6_PREFIX_SIZE : PREFIX_SIZE;
  const allowed = withinBackOffs(
    { growth, shrinkage },
    { state, targets: usable, prefixSize, nowMs },
  );
  const refused = situations.map((situation, index) => {
    const { growth: wanted = [], refusals: own = [] } = wishes[index] ?? {};
    const added = allowed.isGrowthAllowed ? addedCount(wanted, prefixSize) : 0;
    const beyond = isIpv6 ? [] : beyondCeiling(situation);
    return {
      own: [...beyond, ...postponed(situation), ...own],
      cooling: waitingForCoolDown(situation, added),
    };
  });
  const refusals = [
    ...refused.flatMap(({ own }) => own),
    ...allowed.refusals,
    ...refused.flatMap(({ cooling }) => cooling),
  ];
  const cards = situations.map(({ figures, need }) => ({ ...figures, ...need }));
  return {
    actions: [...allowed.actions, ...earliestWait(refusals, nowMs)],
    refusals,
    refusalsByCard: Object.fromEntries(
      refused.map(({ own, cooling }, index) => [
        cards[index]?.networkCardIndex,
        [...own, ...cooling],
      ]),
    ),
    figures: cards[0] as PoolFigures & PoolNeed, // card 0 is always there
    cards,
  };
}

function beyondCeiling({ card: { maxPods }, need }: Situation): readonly Refusal[] {
  const { beyondCeilingCount: missingCount, ceilingCount } = need;
  return missingCount === 0 ? [] : [{ reason: 'at-max-pods', missingCount, maxPods, ceilingCount }];
}

function postponed({ need, state }: Situation): readonly Refusal[] {
  const { postponedCount: missingCount } = need;
  const untilMs = batchEndsAtMs(state);
  return missingCount === 0 ? [] : [{ reason: 'recent-arrivals', missingCount, untilMs }];
}

/** Pods for which nothing more can be fetched get the addresses that are cooling. */
function waitingForCoolDown({ state, figures }: Situation, addedCount: number): readonly Refusal[] {
  const { waitingCount, freeCount, comingCount, coolingCount } = figures;
  const unserved = waitingCount - freeCount - comingCount - addedCount;
  if (unserved <= 0 || coolingCount === 0) {
    return [];
  }
  return [{ reason: 'cooling', coolingCount, ...until(state.nextCooledAtMs) }];
}
