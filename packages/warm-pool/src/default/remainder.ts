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
  /** Of the free addresses, those of leftovers. */
  readonly leftoverCount: number;
}

export const remainderOf = (card: Card, figures: PoolFigures): Remainder => ({
  enis: card.enis.filter(({ isServing, isDrained }) => isServing && !isDrained),
  freeCount: figures.freeCount,
  heldCount: figures.reservedCount + figures.freeCount + figures.coolingCount,
  freePrefixCount: figures.freePrefixCount,
  leftoverCount: figures.leftoverCount,
});

export const without = (eni: CountedEni, remainder: Remainder, card: Card): Remainder => ({
  enis: remainder.enis.filter((other) => other !== eni),
  freeCount: remainder.freeCount - eni.freeCount,
  heldCount: remainder.heldCount - eni.freeCount - eni.coolingCount,
  freePrefixCount: remainder.freePrefixCount - eni.emptyPrefixes.length,
  leftoverCount: remainder.leftoverCount - leftoversOn(eni, card),
});

/** Free addresses of leftovers on an ENI. */
const leftoversOn = (eni: CountedEni, { assignmentMode, prefixSize }: Card): number =>
  assignmentMode === 'prefix' ? eni.freeSingleCount : eni.emptyPrefixes.length * prefixSize;

/**
 * The card can do without what goes: what stays is enough for the targets and the waiting pods. What
 * goes must not be missing once the leftovers have gone, or it would be asked for again.
 */
export function meetsNeed(rest: Remainder, before: Remainder, need: PoolNeed): boolean {
  const keeps = (wanted: number, figure: (of: Remainder) => number) =>
    figure(rest) >= Math.min(wanted, figure(before));
  return (
    rest.freeCount >= need.wantedFreeCount &&
    rest.heldCount >= need.floorCount &&
    keeps(need.wantedFreeCount, ({ freeCount, leftoverCount }) => freeCount - leftoverCount) &&
    keeps(need.floorCount, ({ heldCount, leftoverCount }) => heldCount - leftoverCount) &&
    keeps(need.wantedFreePrefixCount, ({ freePrefixCount }) => freePrefixCount)
  );
}
