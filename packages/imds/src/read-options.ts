/** Options of a single request. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of every read. An aborted read rejects with the signal's reason. */
export interface ReadOptions extends RequestOptions {
  /**
   * How old an earlier answer may be to serve as this one, in milliseconds. Default 0: ask now.
   * With `Infinity` any earlier answer will do, which is the way through an outage.
   */
  readonly maxAgeMs?: number | undefined;
}
