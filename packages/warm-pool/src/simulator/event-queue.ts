/** Something that happens at an instant of virtual time. */
export interface Event {
  readonly atMs: number;
  readonly happen: () => void;
}

interface Entry extends Event {
  /** Among equals, first come first served: that makes a run reproducible. */
  readonly turn: number;
}

/**
 * Events in the order of their instants; adding and taking cost the logarithm of their number.
 *
 * A binary heap: the entry at index i comes no later than those at 2i + 1 and 2i + 2.
 */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #turn = 0;

  add(atMs: number, happen: () => void): void {
    const entry: Entry = { atMs, happen, turn: this.#turn++ };
    let index = this.#heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || isBefore(parent, entry)) {
        break;
      }
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = entry;
  }

  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  /** Removes and returns the earliest event. */
  take(): Event | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first !== undefined && last !== undefined && first !== last) {
      this.#sink(last);
    }
    return first;
  }

  /** Puts `entry` where the root was and lets it sink to its place. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      const left = heap[childIndex];
      const right = heap[childIndex + 1];
      if (left === undefined) {
        break;
      }
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        childIndex += 1;
      }
      if (isBefore(entry, child)) {
        break;
      }
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = entry;
  }
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn);
