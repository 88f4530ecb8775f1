/** Options of every read. An aborted read rejects with the signal's reason. */
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}
