import { type AddressRecord, NEVER_USED, type PrefixRecord } from './address-record.ts';
import { IdleQueue } from './idle-queue.ts';
import { PrefixShelf } from './prefix-shelf.ts';

/**
 * The free addresses of a network card in the order in which they are given to pods.
 *
 * An address is *rested* when it was never used, as far as anybody remembers, or has been idle for
 * the book's rest. Rested addresses come first:
 *
 * 1. of the fullest prefix in use, so that other prefixes stay or become empty and can be given back;
 * 2. single ones;
 * 3. of a prefix that nobody uses yet.
 *
 * Within each the longest idle one is taken. Only when nothing is rested, the longest idle of all
 * the others is taken, whatever prefix it is in: that is the pressure under which an address
 * comes back before its rest is over.
 */
export class FreeOrder {
  readonly #resting = new IdleQueue();
  readonly #singles = new IdleQueue();
  readonly #prefixes = new PrefixShelf();

  get first(): AddressRecord | undefined {
    return (
      this.#prefixes.fullest?.rested.first ??
      this.#singles.first ??
      this.#prefixes.unused?.rested.first ??
      this.#resting.first
    );
  }

  /** The single addresses among them, longest idle first. */
  *singles(): Generator<AddressRecord> {
    yield* this.#singles;
    for (const record of this.#resting) {
      if (record.prefix === undefined) {
        yield record;
      }
    }
  }

  insert(record: AddressRecord): void {
    if (record.idleSinceMs === NEVER_USED) {
      this.#insertRested(record);
    } else {
      this.#resting.insert(record);
    }
  }

  remove(record: AddressRecord): void {
    if (!record.isRested) {
      this.#resting.remove(record);
      return;
    }
    record.isRested = false;
    const { prefix } = record;
    if (prefix === undefined) {
      this.#singles.remove(record);
      return;
    }
    prefix.rested.remove(record);
    if (prefix.rested.first === undefined) {
      this.#prefixes.remove(prefix);
    }
  }

  /** Those idle since `sinceMs` or longer have rested. */
  rest(sinceMs: number): void {
    for (
      let record = this.#resting.first;
      record !== undefined && record.idleSinceMs <= sinceMs;
      record = this.#resting.first
    ) {
      this.#resting.remove(record);
      this.#insertRested(record);
    }
  }

  /** Runs what changes how many addresses of a prefix are reserved, and keeps its place right. */
  recount(prefix: PrefixRecord, change: () => void): void {
    const isOnShelf = prefix.rested.first !== undefined;
    if (isOnShelf) {
      this.#prefixes.remove(prefix);
    }
    change();
    if (isOnShelf) {
      this.#prefixes.add(prefix);
    }
  }

  #insertRested(record: AddressRecord): void {
    record.isRested = true;
    const { prefix } = record;
    if (prefix === undefined) {
      this.#singles.insert(record);
      return;
    }
    const wasEmpty = prefix.rested.first === undefined;
    prefix.rested.insert(record);
    if (wasEmpty) {
      this.#prefixes.add(prefix);
    }
  }
}
