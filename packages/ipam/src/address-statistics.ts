import type { AddressState } from './address-event.ts';
import { type EniRecord, totalOf } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { CoolDown } from './cool-down.ts';
import type { EniDescription } from './eni-description.ts';
import type { Holdings } from './holdings.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/** Addresses of the node by state. The four counts by state always add up to `totalCount`. */
export interface AddressStatistics {
  readonly totalCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** Addresses held although no ENI of the book has them; in none of the other counts. */
  readonly strandedCount: number;
  /** What a reservation could take at this instant; cooling and draining are not in it. */
  readonly reservableNowCount: number;
  /** When the next cooling address is free, Unix milliseconds; `undefined` when none is cooling. */
  readonly nextCooledAtMs: number | undefined;
  /** When an address was last released, Unix milliseconds; `undefined` when none is remembered. */
  readonly lastReleasedAtMs: number | undefined;
}

/** An ENI with its addresses, as they are at one instant. */
export interface EniSnapshot extends EniDescription {
  /** In the order they were added. */
  readonly addresses: readonly { readonly address: Ipv4Address; readonly state: AddressState }[];
  /** The free ones, longest idle first: the order in which they would be reserved. */
  readonly freeAddresses: readonly Ipv4Address[];
  readonly totalCount: number;
  readonly freeCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
}

export const statisticsOf = (
  { counts }: AddressTable,
  holdings: Holdings,
  coolDown: CoolDown,
): AddressStatistics => ({
  totalCount: totalOf(counts),
  reservedCount: counts.reserved,
  coolingCount: counts.cooling,
  drainingCount: counts.draining,
  strandedCount: holdings.strandedCount,
  reservableNowCount: counts.free,
  nextCooledAtMs: coolDown.nextCooledAtMs,
  lastReleasedAtMs: coolDown.lastReleasedAtMs,
});

export function enisOf(table: AddressTable): readonly EniSnapshot[] {
  const freeByEni = Map.groupBy(table.freeInOrder(), ({ eni }) => eni);
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
});
