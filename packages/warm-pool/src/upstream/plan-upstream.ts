import type { DeleteEni, UnassignAddresses } from '../action.ts';
import { canHaveTrunk, type MaxPodsLimits } from '../max-pods.ts';
import { checkPlanLimits } from '../plan-limits.ts';
import { eniKindOf, type PoolState } from '../pool-state.ts';
import type { UnassignPrefixes } from '../prefix-action.ts';
import { usableTargets, type WarmTargets } from '../warm-targets.ts';
import { after } from './after.ts';
import { type Card, cardsOf } from './card.ts';
import { decrease } from './decrease.ts';
import { freeableEni, mayHaveExtraEnis } from './free-eni.ts';
import {
  type GrowthAction,
  type GrowthFailure,
  type GrowthOptions,
  type GrowthStep,
  growthStep,
} from './increase.ts';
import { type CardLevels, levelsOf } from './levels.ts';
import { statisticsOf } from './statistics.ts';

/** Two scale-downs are further apart than this (§5.1). */
const DECREASE_INTERVAL_MS = 30_000;

/** What one cycle does, in order: v1.23.1 does one thing after the other. */
export type UpstreamAction = GrowthAction | UnassignAddresses | UnassignPrefixes | DeleteEni;

/** What v1.23.1 must know of a node beyond {@link PoolState}. */
export interface UpstreamState extends PoolState {
  /** When a cycle last had {@link UpstreamPlan.hasDecreased}. Default: never. */
  readonly lastDecreasedAtMs?: number;
  /** Attempts to grow that failed in this cycle, by card, in order. Default: none. */
  readonly growthFailures?: Readonly<Record<number, readonly GrowthFailure[]>>;
}

/** Why a card that is too low does not grow. */
export type UpstreamRefusal = {
  readonly networkCardIndex: number;
  readonly reason:
    | 'terminating'
    | 'not-schedulable'
    | 'subnet-full'
    | 'eni-limit'
    | 'failed'
    | 'read-eni';
};

/** One cycle of v1.23.1. */
export interface UpstreamPlan {
  readonly actions: readonly UpstreamAction[];
  readonly refusals: readonly UpstreamRefusal[];
  /**
   * A scale-down ran: store `nowMs` as `lastDecreasedAtMs`. Quirk, trap 37: true even when there was
   * nothing to give back.
   */
  readonly hasDecreased: boolean;
  /** Subnet exhaustion was met: store `nowMs + 120_000` as `subnetBackoffUntilMs`. */
  readonly hasMetFullSubnet: boolean;
  /** Per card, what was decided from. */
  readonly figures: readonly CardLevels[];
}

/**
 * Decides one cycle exactly as the reference implementation v1.23.1 does, its quirks included.
 *
 * For comparison, simulation and replacing it unnoticed; {@link plan} is what a node should follow.
 * It knows no waiting pods, and counts cooling addresses as available. While an action is under way
 * it plans nothing: its loop is one after the other. Where v1.23.1 takes an arbitrary order, this
 * takes the primary ENI first, then the oldest.
 *
 * @param givenTargets those that are no usable number count as their default.
 * @param nowMs Unix milliseconds.
 * @throws {WarmPoolError} `invalid-limits` when the limits are no whole numbers.
 * @see IPv4 only: with IPv6 there is no warm pool (reference, §5)
 */
export function planUpstream(
  state: UpstreamState,
  givenTargets: WarmTargets,
  limits: MaxPodsLimits,
  nowMs: number,
): UpstreamPlan {
  checkPlanLimits(limits);
  const targets = usableTargets(givenTargets);
  // §5.1: all cards are judged before anything is done to one of them.
  const figures = cardsOf(state, targets, limits).map((card) =>
    levelsOf(card, statisticsOf(card), state.maxPods),
  );
  if (state.inFlight.length > 0) {
    return { actions: [], refusals: [], hasDecreased: false, hasMetFullSubnet: false, figures };
  }
  const { lastDecreasedAtMs = Number.NEGATIVE_INFINITY } = state;
  const mayDecrease = nowMs - lastDecreasedAtMs > DECREASE_INTERVAL_MS;
  const gate = gateOf(state, targets);
  const actions: UpstreamAction[] = [];
  const refusals: UpstreamRefusal[] = [];
  let hasDecreased = false;
  let hasMetFullSubnet = false;

  for (const levels of figures) {
    const { networkCardIndex } = levels.card;
    const before = actions.length;
    if (levels.isTooLow) {
      const blocked: 'subnet-full' | undefined =
        hasMetFullSubnet || isBackingOff(state, nowMs) ? 'subnet-full' : undefined;
      const reason: UpstreamRefusal['reason'] | undefined = gate ?? blocked;
      const step: GrowthStep | undefined =
        reason === undefined ? increase(levels, state, targets, limits) : undefined;
      hasMetFullSubnet ||= step?.kind === 'back-off';
      if (step?.kind === 'attempt') {
        actions.push(step.action);
      }
      const refusal = reason ?? refusalOf(step);
      refusals.push(...(refusal === undefined ? [] : [{ networkCardIndex, reason: refusal }]));
    } else if (levels.isTooHigh && mayDecrease) {
      actions.push(...decrease(levels));
      hasDecreased = true;
    }
    if (gate === undefined && mayHaveExtraEnis(levels.card, levels.statistics)) {
      const card = actions
        .slice(before)
        .reduce<Card>((changing, action) => after(changing, action, nowMs), levels.card);
      const eni = freeableEni(card, nowMs);
      actions.push(
        ...(eni === undefined
          ? []
          : [{ kind: 'delete-eni', eniId: eni.eniId, reason: 'idle-eni' } as const]),
      );
    }
  }
  return { actions, refusals, hasDecreased, hasMetFullSubnet, figures };
}

/** What stops ENIs from being created and deleted, and addresses from being added (§5.6, §5.7). */
function gateOf(
  { isTerminating = false, isSchedulable = true }: UpstreamState,
  { managesNonSchedulable = false }: WarmTargets,
): 'terminating' | 'not-schedulable' | undefined {
  if (isTerminating) {
    return 'terminating';
  }
  return isSchedulable || managesNonSchedulable ? undefined : 'not-schedulable';
}

/** §5.7: the 120 s are over only after their last instant. Quirk, trap 12: stops new ENIs too. */
const isBackingOff = ({ subnetBackoffUntilMs }: UpstreamState, nowMs: number): boolean =>
  subnetBackoffUntilMs !== undefined && nowMs <= subnetBackoffUntilMs;

function increase(
  levels: CardLevels,
  state: UpstreamState,
  targets: WarmTargets,
  limits: MaxPodsLimits,
): GrowthStep {
  const { customNetworking = false, subnetDiscovery = true } = targets;
  const hasTrunk = levels.card.enis.some((eni) => eniKindOf(eni) === 'trunk');
  const options: GrowthOptions = {
    customNetworking,
    subnetDiscovery,
    isTrunkSlotReserved:
      targets.securityGroupsForPods === true && canHaveTrunk(limits) && !hasTrunk,
  };
  return growthStep(levels, options, state.growthFailures?.[levels.card.networkCardIndex]);
}

function refusalOf(step: GrowthStep | undefined): UpstreamRefusal['reason'] | undefined {
  switch (step?.kind) {
    case 'back-off':
      return 'subnet-full';
    case 'read-eni':
      return 'read-eni';
    case 'give-up':
      if (step.why === 'nothing-to-ask') {
        return undefined;
      }
      return step.why === 'no-room' ? 'eni-limit' : 'failed';
    default:
      return undefined;
  }
}
