import { PREFIX_SIZE } from '../prefix-size.ts';
import type { Card } from './card.ts';
import type { UpstreamStatistics } from './statistics.ts';

/** How far a card is from its address targets, in the unit it is then asked for (§5.3). */
export interface TargetState {
  readonly shortfall: number;
  readonly surplus: number;
}

/** Of a card whose address targets are defined. */
export function targetState(card: Card, statistics: UpstreamStatistics): TargetState {
  const { warmIps, minimumIps } = card.targets;
  const { totalCount, reservedCount, unreservedCount, prefixCount, freePrefixCount } = statistics;
  const shortIps = Math.max(Math.max(warmIps - unreservedCount, 0), minimumIps - totalCount, 0);
  const overIps = Math.max(
    Math.min(Math.max(unreservedCount - warmIps, 0), totalCount - minimumIps),
    0,
  );
  // Quirk, §5.3: cards above 0 count in addresses in prefix mode too, so an empty prefix flaps.
  if (card.assignmentMode === 'address' || card.networkCardIndex > 0) {
    return { shortfall: shortIps, surplus: overIps };
  }
  const neededForWarm = Math.ceil((reservedCount + warmIps) / PREFIX_SIZE);
  const neededForMinimum = Math.ceil(minimumIps / PREFIX_SIZE);
  const overWarm = Math.max(Math.min(freePrefixCount, prefixCount - neededForWarm), 0);
  return {
    shortfall: Math.ceil(shortIps / PREFIX_SIZE),
    surplus: Math.max(Math.min(overWarm, prefixCount - neededForMinimum), 0),
  };
}
