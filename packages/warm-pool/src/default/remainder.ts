import type { Card } from './card.ts';
import type { CountedEni } from './counted-eni.ts';
import type { PoolFigures } from './figures.ts';
import type { PoolNeed } from './need.ts';

/** What a card keeps; goes down while a plan gives back. */
export interface Remainder {
  /** ENIs that serve pods and stay. */
  readonly enis: readonly CountedEni[];
  readonly freeCount: number;
  /** Reserved, free and cooling. */
  readonly heldCount: number;
  /** Prefixes that are wholly free. */
  readonly freePrefixCount: number;
}

export const remainderOf = (card: Card, figures: PoolFigures): Remainder => ({
  enis: card.enis.filter(({ isServing, isDrained }) => isServing && !isDrained),
  freeCount: figures.freeCount,
  heldCount: figures.reservedCount + figures.freeCount + figures.coolingCount,
  freePrefixCount: figures.freePrefixCount,
});

export const without = (eni: CountedEni, remainder: Remainder): Remainder => ({
  enis: remainder.enis.filter((other) => other !== eni),
  freeCount: remainder.freeCount - eni.freeCount,
  heldCount: remainder.heldCount - eni.freeCount - eni.coolingCount,
  freePrefixCount: remainder.freePrefixCount - eni.emptyPrefixes.length,
});

/** The card can do without what goes: what stays is enough for the targets and the waiting pods. */
export const meetsNeed = (rest: Remainder, before: Remainder, need: PoolNeed): boolean =>
  rest.freeCount >= need.wantedFreeCount &&
  rest.heldCount >= need.floorCount &&
  rest.freePrefixCount >= Math.min(need.wantedFreePrefixCount, before.freePrefixCount);
