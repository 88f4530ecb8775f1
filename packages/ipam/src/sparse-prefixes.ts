import type { AddressState } from './address-event.ts';
import {
  type AddressRecord,
  type CardRecord,
  type EniRecord,
  newAddress,
  newPrefix,
  type PrefixRecord,
} from './address-record.ts';
import { type IpAddress, isOfIpv6 } from './ip-address.ts';
import { IPV6_PREFIX_SIZE, type Ipv6Prefix, ipv6AddressAt, ipv6PrefixOf } from './ipv6-prefix.ts';
import { rest } from './life-cycle.ts';
import type { ReleaseLog } from './release-log.ts';

/**
 * The /80s of the book. Their addresses are too many to list, so the free ones have no record: they are
 * counted, and the next one to give away is found by counting on from the last.
 *
 * An address comes round again only after all others, whoever held it: it has rested by then.
 */
export class SparsePrefixes {
  /** Of the table. */
  readonly #records: Map<IpAddress, AddressRecord>;
  readonly #releases: ReleaseLog;
  readonly #byName = new Map<Ipv6Prefix, PrefixRecord>();
  #beginAt = 0;

  constructor(records: Map<IpAddress, AddressRecord>, releases: ReleaseLog) {
    this.#records = records;
    this.#releases = releases;
  }

  /** Adds a prefix none of whose addresses is in the book; those whose release is remembered cool. */
  add(eni: EniRecord, name: Ipv6Prefix): PrefixRecord {
    const prefix = newPrefix(name, eni);
    prefix.nextOffset = this.#beginAt;
    prefix.counts.free += IPV6_PREFIX_SIZE;
    eni.card.counts.free += IPV6_PREFIX_SIZE;
    this.#byName.set(name, prefix);
    for (const { address, releasedAtMs } of this.#releases.all()) {
      if (this.around(address) === prefix) {
        rest(this.#list(address, prefix), 'cooling', releasedAtMs);
      }
    }
    return prefix;
  }

  delete(name: Ipv6Prefix): void {
    this.#byName.delete(name);
  }

  /** The prefix that an address is in. */
  around(address: IpAddress): PrefixRecord | undefined {
    return this.#byName.size > 0 && isOfIpv6(address)
      ? this.#byName.get(ipv6PrefixOf(address))
      : undefined;
  }

  /** The state of an address without a record. */
  stateOf(address: IpAddress): AddressState | undefined {
    const prefix = this.around(address);
    return prefix && stateOfUnlisted(prefix);
  }

  /** Gives a record to an address without one. */
  list(address: IpAddress): AddressRecord | undefined {
    const prefix = this.around(address);
    return prefix && this.#list(address, prefix);
  }

  /** Takes the record from an address that is free again. */
  settle(record: AddressRecord): void {
    const { prefix, state, address } = record;
    if (prefix?.isSparse === true && state === 'free') {
      prefix.addresses.delete(record);
      this.#records.delete(address);
    }
  }

  /** The address that a pod of the card gets next: of the first prefix on an ENI that serves pods. */
  next(card: CardRecord): AddressRecord | undefined {
    for (const [name, prefix] of this.#byName) {
      const { eni, counts } = prefix;
      if (eni.card === card && eni.description.role !== 'excluded' && counts.free > 0) {
        return this.#list(this.#nextUnknown(name, prefix), prefix);
      }
    }
    return undefined;
  }

  /**
   * Counts on from another place in all prefixes: nobody knows what has been given away before.
   *
   * @param share of a prefix, from 0 up to 1.
   */
  beginAt(share: number): void {
    this.#beginAt = Math.floor(share * IPV6_PREFIX_SIZE);
    for (const prefix of this.#byName.values()) {
      prefix.nextOffset = this.#beginAt;
    }
  }

  #nextUnknown(name: Ipv6Prefix, prefix: PrefixRecord): IpAddress {
    for (;;) {
      const address = ipv6AddressAt(name, prefix.nextOffset);
      prefix.nextOffset = (prefix.nextOffset + 1) % IPV6_PREFIX_SIZE;
      if (!this.#records.has(address) && this.#releases.at(address) === undefined) {
        return address;
      }
    }
  }

  /** It is counted already. */
  #list(address: IpAddress, prefix: PrefixRecord): AddressRecord {
    const record = newAddress(address, { eni: prefix.eni, prefix, state: stateOfUnlisted(prefix) });
    prefix.addresses.add(record);
    this.#records.set(address, record);
    return record;
  }
}

/** They drain together. */
const stateOfUnlisted = ({ counts }: PrefixRecord): AddressState =>
  counts.draining > 0 ? 'draining' : 'free';
