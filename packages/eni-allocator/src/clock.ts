/**
 * Time as the allocator needs it. Nothing in this package looks at another clock.
 *
 * `nowMs` is Unix time in milliseconds; `sleep` rejects with the signal's reason when aborted.
 */
export interface Clock {
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
