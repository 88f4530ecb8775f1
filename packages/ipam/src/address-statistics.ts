import type { AddressState } from './address-event.ts';
import {
  ADDRESS_STATES,
  type EniRecord,
  noCounts,
  type PrefixRecord,
  totalOf,
} from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { CoolDown } from './cool-down.ts';
import type { EniDescription } from './eni-description.ts';
import type { Holdings } from './holdings.ts';
import type { IpAddress } from './ip-address.ts';
import type { IpPrefix } from './ip-prefix.ts';

/**
 * Addresses of the node, or of one network card, by state; those of prefixes are counted one by one.
 * Reserved, cooling, draining, reservable and closed ones always add up to `totalCount`.
 */
export interface AddressStatistics {
  readonly totalCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** Addresses held although no ENI of the book has them; in none of the other counts. */
  readonly strandedCount: number;
  /** What a reservation could take at this instant; cooling and draining are not in it. */
  readonly reservableNowCount: number;
  /** Free, and on an excluded ENI: nobody gets them. */
  readonly closedCount: number;
  readonly prefixCount: number;
  /** Prefixes that nobody holds an address of; some may be cooling or draining. */
  readonly unusedPrefixCount: number;
  /** When the next cooling address is free, Unix milliseconds; `undefined` when none is cooling. */
  readonly nextCooledAtMs: number | undefined;
  /**
   * When an address was last released, on whatever card, Unix milliseconds; `undefined` when no release
   * is remembered.
   */
  readonly lastReleasedAtMs: number | undefined;
}

/** An ENI with its addresses, as they are at one instant. The counts are of its single addresses. */
export interface EniSnapshot extends EniDescription {
  /** Single addresses, in the order they were added. */
  readonly addresses: readonly { readonly address: IpAddress; readonly state: AddressState }[];
  /** The free ones of them, longest idle first: the order in which they would be reserved. */
  readonly freeAddresses: readonly IpAddress[];
  readonly totalCount: number;
  readonly freeCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** In the order they were added. */
  readonly prefixes: readonly PrefixSnapshot[];
}

/** A prefix and how many of its addresses (sixteen; of a /80 2^48) are in which state. */
export interface PrefixSnapshot {
  readonly prefix: IpPrefix;
  readonly freeCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  /** Promised to EC2, as a whole. */
  readonly isDraining: boolean;
}

interface Parts {
  readonly table: AddressTable;
  readonly holdings: Holdings;
  readonly coolDown: CoolDown;
}

/** Of one network card; of the node when `networkCardIndex` is `undefined`. */
export function statisticsOf(
  { table, holdings, coolDown }: Parts,
  networkCardIndex?: number,
): AddressStatistics {
  const cards = [...table.cards()].filter(
    (card) => networkCardIndex === undefined || card.networkCardIndex === networkCardIndex,
  );
  const counts = noCounts();
  let prefixCount = 0;
  let usedPrefixCount = 0;
  let nextCooledAtMs: number | undefined;
  for (const card of cards) {
    for (const state of ADDRESS_STATES) {
      counts[state] += card.counts[state];
    }
    prefixCount += card.prefixCount;
    usedPrefixCount += card.usedPrefixCount;
    nextCooledAtMs = earlier(nextCooledAtMs, coolDown.nextCooledAtMs(card));
  }
  const closedCount = closedCountOf(table, networkCardIndex);
  return {
    totalCount: totalOf(counts),
    reservedCount: counts.reserved,
    coolingCount: counts.cooling,
    drainingCount: counts.draining,
    strandedCount: holdings.strandedCount(networkCardIndex),
    reservableNowCount: counts.free - closedCount,
    closedCount,
    prefixCount,
    unusedPrefixCount: prefixCount - usedPrefixCount,
    nextCooledAtMs,
    lastReleasedAtMs: coolDown.lastReleasedAtMs,
  };
}

/** ENIs are few, and excluded ones rare. */
function closedCountOf(table: AddressTable, networkCardIndex: number | undefined): number {
  const closed = [...table.enis()].filter(
    ({ description, card }) =>
      description.role === 'excluded' &&
      (networkCardIndex === undefined || card.networkCardIndex === networkCardIndex),
  );
  const freeCounts = closed.flatMap(({ counts, prefixes }) => [
    counts.free,
    ...[...prefixes.values()].map((prefix) => prefix.counts.free),
  ]);
  return freeCounts.reduce((sum, count) => sum + count, 0);
}

const earlier = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);

export function enisOf(table: AddressTable): readonly EniSnapshot[] {
  const orders = new Set([...table.enis()].map(({ free }) => free));
  const freeSingles = [...orders].flatMap((free) => [...free.singles()]);
  const freeByEni = Map.groupBy(freeSingles, ({ eni }) => eni);
  return [...table.enis()].map((eni) =>
    snapshotOf(
      eni,
      (freeByEni.get(eni) ?? []).map(({ address }) => address),
    ),
  );
}

const snapshotOf = (eni: EniRecord, freeAddresses: readonly IpAddress[]): EniSnapshot => ({
  ...eni.description,
  addresses: [...eni.addresses.values()].map(({ address, state }) => ({ address, state })),
  freeAddresses,
  totalCount: totalOf(eni.counts),
  freeCount: eni.counts.free,
  reservedCount: eni.counts.reserved,
  coolingCount: eni.counts.cooling,
  drainingCount: eni.counts.draining,
  prefixes: [...eni.prefixes.values()].map(prefixSnapshotOf),
});

const prefixSnapshotOf = ({ prefix, counts }: PrefixRecord): PrefixSnapshot => ({
  prefix,
  freeCount: counts.free,
  reservedCount: counts.reserved,
  coolingCount: counts.cooling,
  isDraining: counts.draining > 0,
});
