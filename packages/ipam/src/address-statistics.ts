import type { AddressState } from './address-event.ts';
import {
  type EniRecord,
  noCounts,
  type PrefixRecord,
  recordsOf,
  totalOf,
} from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { CoolDown } from './cool-down.ts';
import type { EniDescription } from './eni-description.ts';
import type { Holdings } from './holdings.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import type { Ipv4Prefix } from './ipv4-prefix.ts';

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
  readonly addresses: readonly { readonly address: Ipv4Address; readonly state: AddressState }[];
  /** The free ones of them, longest idle first: the order in which they would be reserved. */
  readonly freeAddresses: readonly Ipv4Address[];
  readonly totalCount: number;
  readonly freeCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** In the order they were added. */
  readonly prefixes: readonly PrefixSnapshot[];
}

/** A prefix and how many of its sixteen addresses are in which state. */
export interface PrefixSnapshot {
  readonly prefix: Ipv4Prefix;
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
    for (const state of STATES) {
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
  return closed.flatMap(recordsOf).filter(({ state }) => state === 'free').length;
}

const STATES = ['free', 'reserved', 'cooling', 'draining'] as const;

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

const snapshotOf = (eni: EniRecord, freeAddresses: readonly Ipv4Address[]): EniSnapshot => ({
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
