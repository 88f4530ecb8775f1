/** One call that the emulator answered, or that a fabric refused. */
export interface JournalEntry {
  /** When the call came in, Unix milliseconds. */
  readonly atMs: number;
  /** `fabric` stands only for calls to the fabric that failed. */
  readonly service: 'ec2' | 'imds' | 'fabric';
  /** The EC2 action, the HTTP method for a metadata request, `plug` and the like for a fabric. */
  readonly operation: string;
  /** The request's parameters: as the SDK was given them, or `{ path, source, instanceId }`. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** `ok`, or the error's code (for metadata the HTTP status, for a fabric its own words). */
  readonly outcome: string;
  /** From arrival to answer, latency and fabric included. */
  readonly elapsedMs: number;
}

/** The calls of an emulator in order of completion; the oldest are forgotten beyond a limit. */
export class Journal {
  readonly entries: JournalEntry[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(entry: JournalEntry): void {
    this.entries.push(entry);
    // Trimmed rarely and in one piece, since removing from the front moves everything.
    if (this.entries.length > this.#limit * 1.5) {
      this.entries.splice(0, this.entries.length - this.#limit);
    }
  }
}
