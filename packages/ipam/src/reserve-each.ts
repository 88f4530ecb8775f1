import { statisticsOf } from './address-statistics.ts';
import type { AddressTable } from './address-table.ts';
import {
  type AttachmentMetadata,
  type CniAttachmentKey,
  requireMetadata,
} from './attachment-key.ts';
import { nsFromMs } from './checkpoint.ts';
import type { CoolDown } from './cool-down.ts';
import type { EventRelay } from './event-relay.ts';
import type { Holdings } from './holdings.ts';
import { byFamily } from './ip-address.ts';
import { exhausted, type ReserveEachOutcome } from './reservation.ts';

/** Who wants addresses, and when. */
export interface Wish {
  readonly key: CniAttachmentKey;
  readonly metadata: AttachmentMetadata;
  readonly nowMs: number;
}

/** One address on each of the network cards, or none: see {@link AddressBook.reserveEach}. */
export function reserveEach(
  { key, metadata, nowMs }: Wish,
  networkCardIndexes: readonly number[],
  book: {
    readonly table: AddressTable;
    readonly holdings: Holdings;
    readonly coolDown: CoolDown;
    readonly relay: EventRelay;
    readonly letTimePass: (nowMs: number) => void;
  },
): ReserveEachOutcome {
  const { table, holdings, coolDown, relay } = book;
  const held = networkCardIndexes.flatMap((card) => holdings.get(key, card) ?? []);
  const stranded = held.find(({ record }) => record === undefined);
  if (stranded !== undefined) {
    return { kind: 'stranded', reservation: stranded.reservation };
  }
  const missing = networkCardIndexes.filter((card) => holdings.get(key, card) === undefined);
  if (missing.length > 0) {
    requireMetadata(metadata);
    book.letTimePass(nowMs);
  }
  const records = missing.map((card) => table.firstFree(card));
  const empty = missing.find((_, at) => records[at] === undefined);
  const found = records.filter((record) => record !== undefined);
  if (empty !== undefined) {
    for (const record of found) table.settle(record);
    return exhausted(empty, statisticsOf(book, empty), nowMs);
  }
  for (const record of found) {
    const idleMs = coolDown.idleMs(record);
    const reservation = holdings.add(record, {
      key,
      networkCardIndex: record.eni.description.networkCardIndex,
      ...byFamily(record.address),
      allocatedAtNs: nsFromMs(nowMs),
      metadata,
    });
    relay.add({ kind: 'reserved', reservation, ...(idleMs === undefined ? {} : { idleMs }) });
  }
  const reservations = networkCardIndexes.flatMap((card) => {
    const holding = holdings.get(key, card);
    return holding?.record === undefined ? [] : [holding.reservation];
  });
  return { kind: 'reserved', reservations, isNew: held.length === 0 };
}
