import type { AddressEvent, AddressEventListener } from './address-event.ts';

/**
 * Tells listeners of events once the operation that caused them is complete.
 *
 * Events wait in a queue, so a listener that changes the book itself neither sees a half-done
 * operation nor reorders what the others hear.
 */
export class EventRelay {
  readonly #listeners = new Set<AddressEventListener>();
  #queue: AddressEvent[] = [];
  #isTelling = false;

  subscribe(listener: AddressEventListener): () => void {
    const subscription: AddressEventListener = (event) => listener(event);
    this.#listeners.add(subscription);
    return () => {
      this.#listeners.delete(subscription);
    };
  }

  add(event: AddressEvent): void {
    if (this.#listeners.size > 0) {
      this.#queue.push(event);
    }
  }

  /** Tells what has gathered. A listener's error reaches the caller after everybody was told. */
  flush(): void {
    if (this.#isTelling || this.#queue.length === 0) {
      return;
    }
    const failures: unknown[] = [];
    this.#isTelling = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const event of batch) {
        this.#tell(event, failures);
      }
    }
    this.#isTelling = false;
    if (failures.length === 1) {
      throw failures[0];
    }
    if (failures.length > 1) {
      throw new AggregateError(failures, 'listeners of the address book failed');
    }
  }

  #tell(event: AddressEvent, failures: unknown[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        failures.push(error);
      }
    }
  }
}
