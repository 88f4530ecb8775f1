/** Does work on many things with few calls: it begins at once, and each call takes what came while its predecessor ran. */
export class Batches<T> {
  readonly #work: (items: readonly T[]) => Promise<void>;
  #waiting: T[] = [];
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(work: (items: readonly T[]) => Promise<void>) {
    this.#work = work;
  }

  /** Resolves when the work on the item is done; rejects when its batch failed. */
  add(item: T): Promise<void> {
    this.#waiting.push(item);
    if (this.#next === undefined) {
      if (this.#running === undefined) return this.#start();
      this.#next = this.#running.catch(() => {}).then(() => this.#start());
    }
    return this.#next;
  }

  /** Resolves when nothing is due; rejects when what is due fails. */
  async settled(): Promise<void> {
    for (let due = this.#due; due !== undefined; due = this.#due) await due;
  }

  get #due(): Promise<void> | undefined {
    return this.#next ?? this.#running;
  }

  async #start(): Promise<void> {
    const work = this.#work(this.#waiting);
    this.#waiting = [];
    this.#running = work;
    this.#next = undefined;
    try {
      await work;
    } finally {
      if (this.#running === work) this.#running = undefined;
    }
  }
}
