import type { Card } from './card.ts';

/** The sums a plan is derived from: what a network card has and what is on its way. */
export interface PoolFigures {
  readonly networkCardIndex: number;
  /** The mode in use: prefixes only where the instance type can have them. */
  readonly assignmentMode: 'address' | 'prefix';
  /** ENIs there are, those being deleted, unmanaged ones and a slot kept for the trunk ENI included. */
  readonly eniCount: number;
  /** ENIs being created. */
  readonly comingEniCount: number;
  /** The card's limit or `MAX_ENI`, whichever is lower. */
  readonly eniLimit: number;
  /** Addresses of one ENI that pods can have. */
  readonly addressesPerEni: number;
  readonly totalCount: number;
  readonly reservedCount: number;
  /** Cooling addresses that pods will get again: none of ENIs that serve nobody new. */
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** Addresses that pods can get at once, without those of ENIs that are being deleted or closed. */
  readonly freeCount: number;
  /** Addresses that actions under way will bring. */
  readonly comingCount: number;
  readonly waitingCount: number;
  readonly prefixCount: number;
  /** Prefixes none of whose addresses is reserved or cooling, those on their way included. */
  readonly freePrefixCount: number;
  /**
   * Free addresses, those on their way included, of leftovers: single addresses in prefix mode, empty
   * prefixes in address mode. They are to be replaced.
   */
  readonly leftoverCount: number;
}

export function poolFigures(card: Card): PoolFigures {
  const { coming, prefixSize, assignmentMode } = card;
  const sums = { total: 0, reserved: 0, cooling: 0, draining: 0, free: 0, freeSingles: 0 };
  let prefixCount = 0;
  let emptyPrefixCount = 0;
  for (const eni of card.enis) {
    sums.total += eni.totalCount;
    sums.reserved += eni.reservedCount;
    sums.draining += eni.drainingCount;
    prefixCount += eni.prefixCount;
    if (eni.kind !== 'excluded') {
      sums.cooling += eni.coolingCount;
    }
    if (eni.isServing) {
      sums.free += eni.freeCount;
      sums.freeSingles += eni.freeSingleCount;
      emptyPrefixCount += eni.emptyPrefixes.length;
    }
  }
  const freePrefixCount = emptyPrefixCount + coming.prefixCount;
  return {
    networkCardIndex: card.networkCardIndex,
    assignmentMode,
    eniCount: card.eniCount,
    comingEniCount: coming.eniCount,
    eniLimit: card.eniLimit,
    addressesPerEni: card.addressesPerEni,
    totalCount: sums.total,
    reservedCount: sums.reserved,
    coolingCount: sums.cooling,
    drainingCount: sums.draining,
    freeCount: sums.free,
    comingCount: coming.singleCount + coming.prefixCount * prefixSize,
    waitingCount: card.waitingCount,
    prefixCount,
    freePrefixCount,
    leftoverCount:
      assignmentMode === 'prefix'
        ? sums.freeSingles + coming.singleCount
        : freePrefixCount * prefixSize,
  };
}
