import type { Clock } from './clock.ts';

export interface SettleLimits {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** The time for an answer has run out. */
export class AnswerOverdue extends Error {
  constructor(timeoutMs: number) {
    super(`no complete answer within ${timeoutMs} ms`);
  }
}

/**
 * The outcome of `run`, unless the time or the signal runs out first. The SDK's metadata client takes
 * no signal and has no limit for an answer that stops half-way, so the wait is what ends here.
 *
 * @param run gets a signal that aborts when nobody waits any longer.
 * @throws {AnswerOverdue} when the time runs out; the signal's reason when that does.
 */
export async function settleWithin<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, clock, signal }: SettleLimits,
): Promise<T> {
  signal?.throwIfAborted();
  const done = new AbortController();
  const ended = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const promise = run(ended);
  const timeout = clock.sleep(timeoutMs, { signal: ended }).then(() => {
    throw new AnswerOverdue(timeoutMs);
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
