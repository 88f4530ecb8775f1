import type { PrefixRecord } from './address-record.ts';
import { Chain } from './chain.ts';
import { PREFIX_SIZE } from './ipv4-prefix.ts';

/**
 * Prefixes that have a rested address, by how many of their addresses are reserved.
 *
 * ```
 *  reserved   0        1        2     …     15
 *             │        │        │            │      each a chain, first come first
 *           unused     └──── in use ─────────┘      the fullest is taken from first
 * ```
 */
export class PrefixShelf {
  readonly #byReservedCount = Array.from(
    { length: PREFIX_SIZE + 1 },
    () => new Chain<PrefixRecord>(),
  );

  /** The fullest prefix that somebody holds an address of. */
  get fullest(): PrefixRecord | undefined {
    for (let reservedCount = PREFIX_SIZE; reservedCount > 0; reservedCount--) {
      const first = this.#byReservedCount[reservedCount]?.first;
      if (first !== undefined) {
        return first;
      }
    }
    return undefined;
  }

  /** A prefix that nobody holds an address of. */
  get unused(): PrefixRecord | undefined {
    return this.#byReservedCount[0]?.first;
  }

  /** Call while the count is what it was or will be when {@link remove} is called. */
  add(prefix: PrefixRecord): void {
    const chain = this.#chainOf(prefix);
    chain?.insertAfter(chain.last, prefix);
  }

  remove(prefix: PrefixRecord): void {
    this.#chainOf(prefix)?.remove(prefix);
  }

  #chainOf({ counts }: PrefixRecord): Chain<PrefixRecord> | undefined {
    return this.#byReservedCount[counts.reserved];
  }
}
