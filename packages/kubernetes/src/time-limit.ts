import type { Clock } from './clock.ts';

/** A time limit that can be pushed on, for waits on something that says something now and then. */
export interface TimeLimit {
  /** Aborts when the time is over, or the caller's signal does. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  /** Begins anew. */
  restart(ms: number): void;
  /** No more limit. */
  end(): void;
}

/** @param overdue what the signal's reason is when the time is over. */
export function startTimeLimit(
  clock: Clock,
  ms: number,
  { overdue, signal }: { readonly overdue: (ms: number) => Error; readonly signal: AbortSignal },
): TimeLimit {
  const over = new AbortController();
  let waiting = new AbortController();
  const restart = (limitMs: number) => {
    waiting.abort();
    waiting = new AbortController();
    clock.sleep(limitMs, { signal: waiting.signal }).then(
      () => over.abort(overdue(limitMs)),
      () => {}, // in time
    );
  };
  restart(ms);
  return {
    signal: AbortSignal.any([signal, over.signal]),
    get isOver() {
      return over.signal.aborted;
    },
    restart,
    end: () => waiting.abort(),
  };
}
