import type { AddressRecord } from './address-record.ts';

/**
 * Addresses in the order of their idleness: longest idle first, among equals first come first.
 *
 * A doubly linked list through the records themselves. Taking the first, taking out any and adding
 * the most recently released cost the same however many there are; only an address that comes back
 * out of order (undrained, found again by EC2) walks past the younger ones.
 */
export class IdleQueue {
  #first: AddressRecord | undefined;
  #last: AddressRecord | undefined;

  /** The longest idle address. */
  get first(): AddressRecord | undefined {
    return this.#first;
  }

  insert(record: AddressRecord): void {
    let before = this.#last;
    while (before !== undefined && before.idleSinceMs > record.idleSinceMs) {
      before = before.previous;
    }
    const after = before === undefined ? this.#first : before.next;
    record.previous = before;
    record.next = after;
    if (before === undefined) {
      this.#first = record;
    } else {
      before.next = record;
    }
    if (after === undefined) {
      this.#last = record;
    } else {
      after.previous = record;
    }
  }

  remove(record: AddressRecord): void {
    const { previous, next } = record;
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    record.previous = undefined;
    record.next = undefined;
  }

  *[Symbol.iterator](): Generator<AddressRecord> {
    for (let record = this.#first; record !== undefined; record = record.next) {
      yield record;
    }
  }
}
