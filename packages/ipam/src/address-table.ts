import type { AddressState } from './address-event.ts';
import {
  ADDRESS_STATES,
  type AddressRecord,
  type CardRecord,
  type EniRecord,
  newAddress,
  newPrefix,
  noCounts,
  type PrefixRecord,
  recordsOf,
} from './address-record.ts';
import { type EniDescription, type EniId, type EniRole, isSameEni } from './eni-description.ts';
import { FreeOrder } from './free-order.ts';
import { IdleQueue } from './idle-queue.ts';
import { type IpAddress, isOfIpv6 } from './ip-address.ts';
import { type IpPrefix, isSparse } from './ip-prefix.ts';
import { IpamError } from './ipam-error.ts';
import { addressesOf, type Ipv4Prefix } from './ipv4-prefix.ts';
import { type Ipv6Prefix, ipv6AddressAt, ipv6PrefixOf } from './ipv6-prefix.ts';
import { enter, leave } from './life-cycle.ts';
import { ReleaseLog } from './release-log.ts';
import { SparsePrefixes } from './sparse-prefixes.ts';

/**
 * Network cards, ENIs, prefixes and addresses: the part of the book that knows nothing of attachments.
 * It says what is there; {@link move} and its kin change the state of what is there.
 */
export class AddressTable {
  readonly releases = new ReleaseLog();
  readonly #cards = new Map<number, CardRecord>();
  readonly #enis = new Map<EniId, EniRecord>();
  readonly #records = new Map<IpAddress, AddressRecord>();
  readonly #sparse = new SparsePrefixes(this.#records, this.releases);

  /** The cards that have or had an ENI. */
  cards(): Iterable<CardRecord> {
    return this.#cards.values();
  }

  card(networkCardIndex: number): CardRecord | undefined {
    return this.#cards.get(networkCardIndex);
  }

  enis(): Iterable<EniRecord> {
    return this.#enis.values();
  }

  eni(eniId: EniId): EniRecord | undefined {
    return this.#enis.get(eniId);
  }

  /** The state of an address that an ENI has. */
  stateOf(address: IpAddress): AddressState | undefined {
    return this.#records.get(address)?.state ?? this.#sparse.stateOf(address);
  }

  /** The record of an address that an ENI has. */
  record(address: IpAddress): AddressRecord | undefined {
    return this.#records.get(address) ?? this.#sparse.list(address);
  }

  /** The address that a pod of the network card gets next. */
  firstFree(networkCardIndex: number): AddressRecord | undefined {
    const card = this.#cards.get(networkCardIndex);
    return card && (card.free.first ?? this.#sparse.next(card));
  }

  /** To be called for what has become free again: of a sparse prefix it needs no record. */
  settle(record: AddressRecord): void {
    this.#sparse.settle(record);
  }

  /** See {@link SparsePrefixes.beginAt}. */
  beginAt(share: number): void {
    this.#sparse.beginAt(share);
  }

  /** @returns false when the very same ENI is there already. */
  addEni(description: EniDescription): boolean {
    const known = this.#enis.get(description.eniId);
    if (known === undefined) {
      const card = this.#cardOf(description);
      this.#enis.set(description.eniId, {
        description,
        card,
        free: description.role === 'excluded' ? new FreeOrder() : card.free,
        addresses: new Map(),
        prefixes: new Map(),
        counts: noCounts(),
      });
      return true;
    }
    if (isSameEni(known.description, description)) {
      this.#setRole(known, description.role);
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
  addAddress(eniId: EniId, address: IpAddress): AddressRecord | undefined {
    const eni = this.#requireEni(eniId, address);
    if (eni.addresses.has(address)) {
      return undefined;
    }
    this.#requireUnknown(address, { eniId, adding: address });
    const record = this.#newRecord(address, eni, undefined);
    eni.addresses.set(address, record);
    return record;
  }

  /** @returns the new record, or `undefined` when the prefix is on that ENI already. */
  addPrefix(eniId: EniId, prefix: IpPrefix): PrefixRecord | undefined {
    const eni = this.#requireEni(eniId, prefix);
    if (eni.prefixes.has(prefix)) {
      return undefined;
    }
    const added = isSparse(prefix)
      ? this.#addSparsePrefix(eni, prefix)
      : this.#addListedPrefix(eni, prefix);
    eni.prefixes.set(prefix, added);
    eni.card.prefixCount += 1;
    return added;
  }

  /** Takes an address out, whoever holds it. */
  deleteAddress(record: AddressRecord): void {
    this.#forget(record);
    record.eni.addresses.delete(record.address);
  }

  /** Takes a prefix out, whoever holds its addresses. */
  deletePrefix({ prefix, eni, addresses, counts }: PrefixRecord): void {
    for (const record of addresses) {
      this.#forget(record);
    }
    // What has no record.
    for (const state of ADDRESS_STATES) {
      eni.card.counts[state] -= counts[state];
    }
    if (isSparse(prefix)) {
      this.#sparse.delete(prefix);
    }
    eni.prefixes.delete(prefix);
    eni.card.prefixCount -= 1;
  }

  /** The clock went back: nothing was released after `nowMs`. Keeps the order of idleness. */
  turnBack(nowMs: number): void {
    for (const record of this.#records.values()) {
      record.idleSinceMs = Math.min(record.idleSinceMs, nowMs);
    }
    this.releases.turnBack(nowMs);
  }

  #setRole(eni: EniRecord, role: EniRole = 'ordinary'): void {
    const { role: former = 'ordinary' } = eni.description;
    eni.description = { ...eni.description, role };
    if ((former === 'excluded') === (role === 'excluded')) {
      return;
    }
    const free = recordsOf(eni).filter(({ state }) => state === 'free');
    for (const record of free) {
      leave(record);
    }
    eni.free = role === 'excluded' ? new FreeOrder() : eni.card.free;
    for (const record of free) {
      enter(record);
    }
  }

  #cardOf({ networkCardIndex }: EniDescription): CardRecord {
    const known = this.#cards.get(networkCardIndex);
    if (known !== undefined) {
      return known;
    }
    const card: CardRecord = {
      networkCardIndex,
      counts: noCounts(),
      free: new FreeOrder(),
      cooling: new IdleQueue(),
      prefixCount: 0,
      usedPrefixCount: 0,
    };
    this.#cards.set(networkCardIndex, card);
    return card;
  }

  #requireEni(eniId: EniId, adding: IpAddress | IpPrefix): EniRecord {
    const eni = this.#enis.get(eniId);
    if (eni === undefined) {
      throw new IpamError('eni-unknown', `adding ${adding}: ${eniId} is not in the book`, {
        facts: { eniId, adding },
      });
    }
    return eni;
  }

  #requireUnknown(
    address: IpAddress,
    { eniId, adding }: { readonly eniId: EniId; readonly adding: IpAddress | IpPrefix },
  ): void {
    const record = this.#records.get(address);
    const prefix = record?.prefix ?? this.#sparse.around(address);
    const known = record ?? prefix;
    if (known === undefined) {
      return;
    }
    const otherEniId = known.eni.description.eniId;
    const found = prefix?.prefix ?? address;
    throw new IpamError(
      'address-elsewhere',
      `adding ${adding} to ${eniId}: ${found} is on ${otherEniId}; remove it there first`,
      { facts: { eniId, adding, found, otherEniId } },
    );
  }

  #addListedPrefix(eni: EniRecord, prefix: Ipv4Prefix): PrefixRecord {
    const { eniId } = eni.description;
    const addresses = addressesOf(prefix);
    for (const address of addresses) {
      this.#requireUnknown(address, { eniId, adding: prefix });
    }
    const added = newPrefix(prefix, eni);
    for (const address of addresses) {
      added.addresses.add(this.#newRecord(address, eni, added));
    }
    return added;
  }

  #addSparsePrefix(eni: EniRecord, prefix: Ipv6Prefix): PrefixRecord {
    const { eniId } = eni.description;
    const singles = [...this.#records.keys()].filter(isOfIpv6);
    const taken = singles.find((address) => ipv6PrefixOf(address) === prefix);
    this.#requireUnknown(taken ?? ipv6AddressAt(prefix, 0), { eniId, adding: prefix });
    return this.#sparse.add(eni, prefix);
  }

  #newRecord(address: IpAddress, eni: EniRecord, prefix: PrefixRecord | undefined): AddressRecord {
    const releasedAtMs = this.releases.at(address);
    const state = releasedAtMs === undefined ? 'free' : 'cooling';
    const record = newAddress(address, { eni, prefix, state, idleSinceMs: releasedAtMs });
    this.#records.set(address, record);
    enter(record);
    return record;
  }

  #forget(record: AddressRecord): void {
    leave(record);
    this.#records.delete(record.address);
  }
}
