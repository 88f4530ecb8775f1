import type { GrowthReason } from '../action-reason.ts';
import type { PoolState } from '../pool-state.ts';
import type { Card, CardTargets } from './card.ts';
import type { PoolFigures } from './figures.ts';

/** What the targets and the waiting pods ask for, before anybody asks whether it can be had. */
export interface PoolNeed {
  /** Free addresses wanted, those for waiting pods included; no more than the node can run pods. */
  readonly wantedFreeCount: number;
  /** Prefixes to keep wholly free, as far as the node could use them. */
  readonly wantedFreePrefixCount: number;
  /** Addresses wanted in total; no more than the node can run pods. */
  readonly floorCount: number;
  /** Addresses to ask for now. 0 = the targets are met. */
  readonly shortfall: number;
  /** Addresses below the warm target that may wait for a few more pods, to be asked for together. */
  readonly postponedCount: number;
  /** The same as if there were no leftovers: what to ask for in the mode's own kind. */
  readonly ownKindShortfall: number;
  /** Addresses the targets ask for beyond what the node can run pods. */
  readonly beyondCeilingCount: number;
  /** Most addresses that may be added before the node has one for every pod, leftovers aside. */
  readonly growthLimit: number;
  /** Most addresses the node may hold: max-pods plus what is cooling. */
  readonly ceilingCount: number;
  /** Why the pool grows, if it does. */
  readonly reason: GrowthReason;
}

/** Growth that nobody waits for comes at the latest when no pod has arrived for so long. */
const BATCH_MS = 10_000;

export const batchEndsAtMs = ({ lastReservedAtMs = Number.NEGATIVE_INFINITY }: PoolState): number =>
  lastReservedAtMs + BATCH_MS;

/**
 * Weighs what is wanted against what is there and on its way.
 *
 * - Waiting pods are need, whatever the targets say.
 * - Cooling addresses are not free. They do count as held for `MINIMUM_IP_TARGET`, so that a floor
 *   does not make the pool breathe with every pod that comes and goes.
 * - While pods arrive, half of an address target may be used up before more is asked for: otherwise
 *   every pod would cost a call, just when all nodes call.
 */
export function poolNeed(
  figures: PoolFigures,
  card: Card,
  state: PoolState,
  nowMs: number,
): PoolNeed {
  const { reservedCount, freeCount, comingCount, coolingCount, leftoverCount } = figures;
  const { maxPods, waitingCount, targets, prefixSize } = card;
  const { warmCount, minimumCount, warmPrefixCount } = targets;

  const had = freeCount + comingCount;
  const held = reservedCount + had + coolingCount;
  const floorCount = Math.min(minimumCount, maxPods);
  const untilWarm = warmCount + waitingCount - had;
  const isBatching =
    targets.follows === 'addresses' &&
    waitingCount === 0 &&
    had >= warmCount / 2 &&
    nowMs < batchEndsAtMs(state);
  const belowWarm = isBatching ? Math.min(0, untilWarm) : untilWarm;
  const belowMinimum = floorCount - held;
  const missing = Math.max(untilWarm, minimumCount - held, 0);
  const below = Math.max(belowWarm, belowMinimum);
  const untilFull = maxPods - reservedCount - had;
  const growthLimit = Math.max(0, untilFull + leftoverCount);
  const shortfall = Math.max(Math.min(below, untilFull), 0);
  const postponedCount = Math.max(0, Math.min(untilWarm, untilFull) - shortfall);
  const wantedFreeCount = Math.min(warmCount + waitingCount, Math.max(0, maxPods - reservedCount));
  return {
    wantedFreeCount,
    wantedFreePrefixCount: Math.min(warmPrefixCount, Math.ceil(wantedFreeCount / prefixSize)),
    floorCount,
    shortfall,
    postponedCount,
    ownKindShortfall: Math.min(Math.max(below + leftoverCount, 0), growthLimit),
    beyondCeilingCount: missing - shortfall - postponedCount,
    growthLimit,
    ceilingCount: maxPods + coolingCount,
    reason:
      waitingCount > had ? 'pods-waiting' : growthReason({ belowWarm, belowMinimum }, targets),
  };
}

function growthReason(
  { belowWarm, belowMinimum }: { readonly belowWarm: number; readonly belowMinimum: number },
  { follows }: CardTargets,
): GrowthReason {
  // Without a shortfall, only leftovers make the pool grow.
  if (belowWarm <= 0 && belowMinimum <= 0) {
    return 'replaces-leftovers';
  }
  switch (follows) {
    case 'enis':
      return 'below-warm-enis';
    case 'prefixes':
      return 'below-warm-prefixes';
    case 'addresses':
      return belowWarm >= belowMinimum ? 'below-warm-ips' : 'below-minimum';
  }
}
