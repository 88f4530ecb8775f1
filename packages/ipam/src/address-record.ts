import type { AddressState } from './address-event.ts';
import type { ChainMember } from './chain.ts';
import type { EniDescription } from './eni-description.ts';
import type { FreeOrder } from './free-order.ts';
import { IdleQueue } from './idle-queue.ts';
import type { IpAddress } from './ip-address.ts';
import { type IpPrefix, isSparse } from './ip-prefix.ts';

/** Addresses per state. */
export type StateCounts = Record<AddressState, number>;

/** In the order of an address's life. */
export const ADDRESS_STATES = ['free', 'reserved', 'cooling', 'draining'] as const;

export const noCounts = (): StateCounts => ({ free: 0, reserved: 0, cooling: 0, draining: 0 });

export const totalOf = (counts: Readonly<StateCounts>): number =>
  counts.free + counts.reserved + counts.cooling + counts.draining;

/** The book's own record of a network card: a pool of its own. */
export interface CardRecord {
  readonly networkCardIndex: number;
  /** Of all its addresses. */
  readonly counts: StateCounts;
  readonly free: FreeOrder;
  readonly cooling: IdleQueue;
  prefixCount: number;
  /** Prefixes that somebody holds an address of. */
  usedPrefixCount: number;
}

/** The book's own record of an ENI. */
export interface EniRecord {
  description: EniDescription;
  readonly card: CardRecord;
  /** Where its free addresses are: those of its card, or while it is excluded a place of its own. */
  free: FreeOrder;
  /** Its single addresses. */
  readonly addresses: Map<IpAddress, AddressRecord>;
  readonly prefixes: Map<IpPrefix, PrefixRecord>;
  /** Of its single addresses. */
  readonly counts: StateCounts;
}

/** The book's own record of a prefix; a member of at most one chain of the {@link PrefixShelf}. */
export interface PrefixRecord extends ChainMember<PrefixRecord> {
  readonly prefix: IpPrefix;
  readonly eni: EniRecord;
  /** A /80, see {@link SparsePrefixes}. */
  readonly isSparse: boolean;
  /** All sixteen; of a sparse prefix those that are not free. */
  readonly addresses: Set<AddressRecord>;
  /** Of all its addresses, with a record or without. */
  readonly counts: StateCounts;
  /** Its free addresses that have rested; none of a sparse prefix. */
  readonly rested: IdleQueue;
  /** Of a sparse prefix: the place of the address that is given away next, if it is free. */
  nextOffset: number;
}

/** Idle since before anybody can remember: such addresses are handed out first. */
export const NEVER_USED = Number.NEGATIVE_INFINITY;

/** The book's own record of an address; a member of at most one {@link IdleQueue}. */
export interface AddressRecord extends ChainMember<AddressRecord> {
  readonly address: IpAddress;
  readonly eni: EniRecord;
  /** The prefix that it belongs to; `undefined` when EC2 assigns it by itself. */
  readonly prefix: PrefixRecord | undefined;
  state: AddressState;
  /** When it was last released, Unix milliseconds, or {@link NEVER_USED}. */
  idleSinceMs: number;
  /** Whether it has been idle for the book's rest; kept by {@link FreeOrder}. */
  isRested: boolean;
}

/** A record of an address that is in no count or queue yet. */
export const newAddress = (
  address: IpAddress,
  {
    eni,
    prefix,
    state,
    idleSinceMs = NEVER_USED,
  }: Pick<AddressRecord, 'eni' | 'prefix' | 'state'> & {
    readonly idleSinceMs?: number | undefined;
  },
): AddressRecord => ({
  address,
  eni,
  prefix,
  state,
  idleSinceMs,
  isRested: false,
  previous: undefined,
  next: undefined,
});

/** A record of a prefix without addresses. */
export const newPrefix = (prefix: IpPrefix, eni: EniRecord): PrefixRecord => ({
  prefix,
  eni,
  isSparse: isSparse(prefix),
  addresses: new Set(),
  counts: noCounts(),
  rested: new IdleQueue(),
  nextOffset: 0,
  previous: undefined,
  next: undefined,
});

/** All addresses of an ENI that have a record, those of its prefixes too. */
export const recordsOf = (eni: EniRecord): readonly AddressRecord[] => [
  ...eni.addresses.values(),
  ...[...eni.prefixes.values()].flatMap(({ addresses }) => [...addresses]),
];

/** All reserved addresses of an ENI, those of its prefixes too. */
export function reservedCountOf(eni: EniRecord): number {
  let count = eni.counts.reserved;
  for (const { counts } of eni.prefixes.values()) {
    count += counts.reserved;
  }
  return count;
}
