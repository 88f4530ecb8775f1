import { PREFIX_SIZE } from '../prefix-size.ts';
import type { Card } from './card.ts';
import type { UpstreamStatistics } from './statistics.ts';
import { type TargetState, targetState } from './target-state.ts';

/** What one cycle makes of one card before it does anything. */
export interface CardLevels {
  readonly card: Card;
  readonly statistics: UpstreamStatistics;
  /** Left out when no address target is defined. */
  readonly target?: TargetState;
  readonly isTooLow: boolean;
  readonly isTooHigh: boolean;
  /** CIDRs to give back when too high. */
  readonly surplusCidrs: number;
}

export function levelsOf(card: Card, statistics: UpstreamStatistics, maxPods: number): CardLevels {
  const { warmPrefixes, areIpTargetsDefined } = card.targets;
  const target = areIpTargetsDefined ? targetState(card, statistics) : undefined;
  const surplusCidrs =
    target?.surplus ??
    // Secondary addresses follow whole ENIs then: single ones never go back (§5.5).
    (card.assignmentMode === 'prefix' ? Math.max(statistics.freePrefixCount - warmPrefixes, 0) : 0);
  return {
    card,
    statistics,
    ...(target === undefined ? {} : { target }),
    // Quirk, trap 7: first of all, and with cooling addresses in the sum (trap 4).
    isTooLow: statistics.totalCount < maxPods && isBelowTargets(card, statistics, target),
    isTooHigh: surplusCidrs > 0,
    surplusCidrs,
  };
}

/** §5.4 */
function isBelowTargets(
  { targets, assignmentMode, addressesPerEni }: Card,
  { unreservedCount }: UpstreamStatistics,
  target: TargetState | undefined,
): boolean {
  if (target !== undefined) {
    return target.shortfall > 0;
  }
  // Quirk, trap 8: prefix mode never consults `WARM_ENI_TARGET`.
  const [wanted, unit] =
    assignmentMode === 'prefix'
      ? [targets.warmPrefixes, PREFIX_SIZE]
      : [targets.warmEnis, addressesPerEni];
  return unreservedCount < wanted * unit || (wanted === 0 && unreservedCount === 0);
}
