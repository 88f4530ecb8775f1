import type { GrowthReason } from './action.ts';
import type { PoolFigures } from './pool-figures.ts';
import { hasIpTargets, type WarmTargets } from './warm-targets.ts';

/** What the targets and the waiting pods ask for, before anybody asks whether it can be had. */
export interface PoolNeed {
  /** Free addresses wanted, those for waiting pods included; no more than the node can run pods. */
  readonly wantedFreeCount: number;
  /** Addresses wanted in total; no more than the node can run pods. */
  readonly floorCount: number;
  /** Addresses to ask for now. 0 = the targets are met. */
  readonly shortfall: number;
  /** Addresses the targets ask for beyond what the node can run pods. */
  readonly beyondCeilingCount: number;
  /** Most addresses that may be added before the node has one for every pod it can run. */
  readonly growthLimit: number;
  /** Most addresses the node may hold: max-pods plus what is cooling. */
  readonly ceilingCount: number;
  readonly reason: GrowthReason;
}

/**
 * Weighs what is wanted against what is there and on its way.
 *
 * - Waiting pods are need, whatever the targets say.
 * - Cooling addresses are not free. They do count as held for `MINIMUM_IP_TARGET`, so that a floor
 *   does not make the pool breathe with every pod that comes and goes.
 * - `WARM_ENI_TARGET=0` keeps one address free: the reference adds an ENI when none is free, and
 *   then finds it superfluous (its own documentation of this oscillation is our reason).
 */
export function poolNeed(figures: PoolFigures, targets: WarmTargets, maxPods: number): PoolNeed {
  const { reservedCount, freeCount, comingCount, coolingCount, waitingCount } = figures;
  const warmCount = warmFreeCount(figures, targets);
  const minimumCount = hasIpTargets(targets) ? targets.minimumIpTarget : 0;

  const had = freeCount + comingCount;
  const held = reservedCount + had + coolingCount;
  const floorCount = Math.min(minimumCount, maxPods);
  const belowWarm = warmCount + waitingCount - had;
  const belowMinimum = floorCount - held;
  const missing = Math.max(belowWarm, minimumCount - held, 0);
  const growthLimit = Math.max(0, maxPods - reservedCount - had);
  const shortfall = Math.min(Math.max(belowWarm, belowMinimum, 0), growthLimit);
  return {
    wantedFreeCount: Math.min(warmCount + waitingCount, Math.max(0, maxPods - reservedCount)),
    floorCount,
    shortfall,
    beyondCeilingCount: missing - shortfall,
    growthLimit,
    ceilingCount: maxPods + coolingCount,
    reason: growthReason({ arePodsWaiting: waitingCount > had, belowWarm, belowMinimum }, targets),
  };
}

function warmFreeCount(figures: PoolFigures, targets: WarmTargets): number {
  if (hasIpTargets(targets)) {
    return targets.warmIpTarget;
  }
  return Math.max(1, targets.warmEniTarget * figures.addressesPerEni);
}

function growthReason(
  short: {
    readonly arePodsWaiting: boolean;
    readonly belowWarm: number;
    readonly belowMinimum: number;
  },
  targets: WarmTargets,
): GrowthReason {
  if (short.arePodsWaiting) {
    return 'pods-waiting';
  }
  if (!hasIpTargets(targets)) {
    return 'below-warm-enis';
  }
  return short.belowWarm >= short.belowMinimum ? 'below-warm-ips' : 'below-minimum';
}
