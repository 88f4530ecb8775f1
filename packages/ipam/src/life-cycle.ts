import type { AddressState } from './address-event.ts';
import type { AddressRecord, PrefixRecord } from './address-record.ts';
import type { IpPrefix } from './ip-prefix.ts';
import { IpamError, type IpamErrorCode } from './ipam-error.ts';

/** The life cycle. `cooling → reserved` happens only when a checkpoint says who holds the address. */
const LEGAL_NEXT: Readonly<Record<AddressState, readonly AddressState[]>> = {
  free: ['reserved', 'draining'],
  reserved: ['cooling'],
  cooling: ['free', 'reserved'],
  draining: ['free'],
};

/**
 * Moves an address to another state; counters and queues follow.
 *
 * @throws {IpamError} when the life cycle has no such transition.
 */
export function move(record: AddressRecord, to: AddressState): void {
  if (!LEGAL_NEXT[record.state].includes(to)) {
    throw illegalMove(record, `moving to ${to}`);
  }
  leave(record);
  record.state = to;
  enter(record);
}

/** Moves what has no record of a sparse prefix. */
export function moveUnlisted(
  { counts, eni }: PrefixRecord,
  { from, to }: { readonly from: AddressState; readonly to: AddressState },
): void {
  const count = counts[from];
  for (const some of [counts, eni.card.counts]) {
    some[from] -= count;
    some[to] += count;
  }
}

/** Puts a free or cooling address where its last release belongs in the order of idleness. */
export function rest(record: AddressRecord, state: 'free' | 'cooling', releasedAtMs: number): void {
  if (record.state !== 'free' && record.state !== 'cooling') {
    return;
  }
  leave(record);
  record.state = state;
  record.idleSinceMs = releasedAtMs;
  enter(record);
}

/** Counts and queues a record that is new to its state. */
export function enter(record: AddressRecord): void {
  count(record, 1);
  const { card, free } = record.eni;
  if (isQueuedFree(record)) {
    free.insert(record);
  } else if (record.state === 'cooling') {
    card.cooling.insert(record);
  }
}

/** The opposite of {@link enter}. */
export function leave(record: AddressRecord): void {
  const { card, free } = record.eni;
  if (isQueuedFree(record)) {
    free.remove(record);
  } else if (record.state === 'cooling') {
    card.cooling.remove(record);
  }
  count(record, -1);
}

/** Those of a sparse prefix are found by counting. */
const isQueuedFree = ({ state, prefix }: AddressRecord): boolean =>
  state === 'free' && prefix?.isSparse !== true;

function count({ state, eni, prefix }: AddressRecord, change: 1 | -1): void {
  const { card } = eni;
  card.counts[state] += change;
  if (prefix === undefined) {
    eni.counts[state] += change;
  } else if (state !== 'reserved') {
    prefix.counts[state] += change;
  } else {
    const wasUsed = prefix.counts.reserved > 0;
    eni.free.recount(prefix, () => {
      prefix.counts.reserved += change;
    });
    card.usedPrefixCount += Number(prefix.counts.reserved > 0) - Number(wasUsed);
  }
}

type IllegalMove = Pick<AddressRecord, 'state' | 'eni'> & {
  readonly address: AddressRecord['address'] | IpPrefix;
};

const codeForState: Readonly<Record<AddressState, IpamErrorCode>> = {
  reserved: 'address-in-use',
  cooling: 'address-not-free',
  draining: 'address-not-free',
  free: 'address-not-draining',
};

/** What to throw when an address, or a whole prefix, is not in a state that allows `doing`. */
export function illegalMove({ address, state, eni }: IllegalMove, doing: string): IpamError {
  const { eniId } = eni.description;
  return new IpamError(codeForState[state], `${doing} ${address} on ${eniId}: it is ${state}`, {
    facts: { address, eniId, state },
  });
}
