import type { AddressState } from './address-event.ts';
import {
  type AddressRecord,
  type EniRecord,
  NEVER_USED,
  noCounts,
  type StateCounts,
} from './address-record.ts';
import { type EniDescription, type EniId, isSameEni } from './eni-description.ts';
import { IdleQueue } from './idle-queue.ts';
import { IpamError, type IpamErrorCode } from './ipam-error.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { ReleaseLog } from './release-log.ts';

/** The life cycle. `cooling → reserved` happens only when a checkpoint says who holds the address. */
const LEGAL_NEXT: Readonly<Record<AddressState, readonly AddressState[]>> = {
  free: ['reserved', 'draining'],
  reserved: ['cooling'],
  cooling: ['free', 'reserved'],
  draining: ['free'],
};

/**
 * ENIs, their addresses and the state of each: the part of the book that knows nothing of
 * attachments. Every change of state passes {@link move}, which keeps counters and queues right.
 */
export class AddressTable {
  readonly releases = new ReleaseLog();
  readonly counts: StateCounts = noCounts();
  readonly #enis = new Map<EniId, EniRecord>();
  readonly #records = new Map<Ipv4Address, AddressRecord>();
  readonly #free = new IdleQueue();
  readonly #cooling = new IdleQueue();

  get firstFree(): AddressRecord | undefined {
    return this.#free.first;
  }

  get firstCooling(): AddressRecord | undefined {
    return this.#cooling.first;
  }

  freeInOrder(): Iterable<AddressRecord> {
    return this.#free;
  }

  enis(): Iterable<EniRecord> {
    return this.#enis.values();
  }

  eni(eniId: EniId): EniRecord | undefined {
    return this.#enis.get(eniId);
  }

  record(address: Ipv4Address): AddressRecord | undefined {
    return this.#records.get(address);
  }

  /** @returns false when the very same ENI is there already. */
  addEni(description: EniDescription): boolean {
    const known = this.#enis.get(description.eniId);
    if (known === undefined) {
      this.#enis.set(description.eniId, { description, addresses: new Map(), counts: noCounts() });
      return true;
    }
    if (isSameEni(known.description, description)) {
      return false;
    }
    throw new IpamError(
      'eni-mismatch',
      `adding ${description.eniId}: it is known with another description; remove it first`,
      { facts: { eniId: description.eniId } },
    );
  }

  deleteEni(eni: EniRecord): void {
    this.#enis.delete(eni.description.eniId);
  }

  /** @returns the new record, or `undefined` when the address is on that ENI already. */
  addAddress(eniId: EniId, address: Ipv4Address): AddressRecord | undefined {
    const eni = this.#enis.get(eniId);
    if (eni === undefined) {
      throw new IpamError('eni-unknown', `adding ${address}: ${eniId} is not in the book`, {
        facts: { eniId, address },
      });
    }
    const known = this.#records.get(address);
    if (known !== undefined) {
      if (known.eni === eni) {
        return undefined;
      }
      const other = known.eni.description.eniId;
      throw new IpamError(
        'address-elsewhere',
        `adding ${address} to ${eniId}: it is on ${other}; remove it there first`,
        { facts: { eniId, address, otherEniId: other } },
      );
    }
    const releasedAtMs = this.releases.at(address);
    const record: AddressRecord = {
      address,
      eni,
      state: releasedAtMs === undefined ? 'free' : 'cooling',
      idleSinceMs: releasedAtMs ?? NEVER_USED,
      previous: undefined,
      next: undefined,
    };
    this.#records.set(address, record);
    eni.addresses.set(address, record);
    this.#enter(record);
    return record;
  }

  /** @returns the state it was in. */
  deleteAddress(record: AddressRecord): AddressState {
    if (record.state === 'reserved') {
      throw illegalMove(record, 'removing');
    }
    return this.loseAddress(record);
  }

  /** As {@link deleteAddress}, whoever holds it. */
  loseAddress(record: AddressRecord): AddressState {
    this.#leave(record);
    record.eni.addresses.delete(record.address);
    this.#records.delete(record.address);
    return record.state;
  }

  /** Moves addresses of one ENI that are all in state `from`: all of them or none. */
  moveAll(
    eniId: EniId,
    addresses: readonly Ipv4Address[],
    { from, to }: { readonly from: AddressState; readonly to: AddressState },
  ): ReadonlySet<AddressRecord> {
    const records = new Set(addresses.map((address) => this.#recordOn(eniId, address)));
    for (const record of records) {
      if (record.state !== from) {
        throw illegalMove(record, `moving to ${to}`);
      }
    }
    for (const record of records) {
      this.move(record, to);
    }
    return records;
  }

  #recordOn(eniId: EniId, address: Ipv4Address): AddressRecord {
    const record = this.#records.get(address);
    if (record === undefined || record.eni.description.eniId !== eniId) {
      throw new IpamError('address-unknown', `looking for ${address}: ${eniId} does not have it`, {
        facts: { eniId, address },
      });
    }
    return record;
  }

  /** @throws {IpamError} when the life cycle has no such transition. */
  move(record: AddressRecord, to: AddressState): void {
    if (!LEGAL_NEXT[record.state].includes(to)) {
      throw illegalMove(record, `moving to ${to}`);
    }
    this.#leave(record);
    record.state = to;
    this.#enter(record);
  }

  /** Puts a free or cooling address where its last release belongs in the order of idleness. */
  rest(record: AddressRecord, state: 'free' | 'cooling', releasedAtMs: number): void {
    if (record.state !== 'free' && record.state !== 'cooling') {
      return;
    }
    this.#leave(record);
    record.state = state;
    record.idleSinceMs = releasedAtMs;
    this.#enter(record);
  }

  /** The clock went back: nothing was released after `nowMs`. Keeps the order of idleness. */
  turnBack(nowMs: number): void {
    for (const record of this.#records.values()) {
      record.idleSinceMs = Math.min(record.idleSinceMs, nowMs);
    }
    this.releases.turnBack(nowMs);
  }

  #enter(record: AddressRecord): void {
    this.counts[record.state] += 1;
    record.eni.counts[record.state] += 1;
    this.#queueOf(record.state)?.insert(record);
  }

  #leave(record: AddressRecord): void {
    this.counts[record.state] -= 1;
    record.eni.counts[record.state] -= 1;
    this.#queueOf(record.state)?.remove(record);
  }

  #queueOf(state: AddressState): IdleQueue | undefined {
    if (state === 'free') {
      return this.#free;
    }
    return state === 'cooling' ? this.#cooling : undefined;
  }
}

const codeForState: Readonly<Record<AddressState, IpamErrorCode>> = {
  reserved: 'address-in-use',
  cooling: 'address-not-free',
  draining: 'address-not-free',
  free: 'address-not-draining',
};

function illegalMove(record: AddressRecord, doing: string): IpamError {
  const { address, state, eni } = record;
  const { eniId } = eni.description;
  return new IpamError(codeForState[state], `${doing} ${address} on ${eniId}: it is ${state}`, {
    facts: { address, eniId, state },
  });
}
