import type { Clock } from './clock.ts';

export interface SettleLimits {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * The promise's outcome, unless the time or the signal runs out first. The SDK's metadata client takes
 * no signal and has no limit for an answer that stops half-way, so the wait is what ends here.
 */
export async function settleWithin<T>(promise: Promise<T>, limits: SettleLimits): Promise<T> {
  const { timeoutMs, clock, signal } = limits;
  const done = new AbortController();
  const ended = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const timeout = clock.sleep(timeoutMs, { signal: ended }).then(() => {
    throw new Error(`no complete answer within ${timeoutMs} ms`);
  });
  // The loser of the race is of no interest, however it ends.
  promise.catch(() => {});
  timeout.catch(() => {});
  try {
    return await Promise.race([promise, timeout]);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    done.abort();
  }
}
