import type { AddressRecord } from './address-record.ts';
import { Chain } from './chain.ts';

/**
 * Addresses in the order of their idleness: longest idle first, among equals first come first.
 *
 * Taking the first, taking out any and adding the most recently released cost the same however many
 * there are; only an address that comes back out of order (undrained, found again by EC2) walks past
 * the younger ones.
 */
export class IdleQueue {
  readonly #chain = new Chain<AddressRecord>();

  /** The longest idle address. */
  get first(): AddressRecord | undefined {
    return this.#chain.first;
  }

  insert(record: AddressRecord): void {
    let before = this.#chain.last;
    while (before !== undefined && before.idleSinceMs > record.idleSinceMs) {
      before = before.previous;
    }
    this.#chain.insertAfter(before, record);
  }

  remove(record: AddressRecord): void {
    this.#chain.remove(record);
  }

  [Symbol.iterator](): Generator<AddressRecord> {
    return this.#chain[Symbol.iterator]();
  }
}
