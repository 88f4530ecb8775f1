import type { Clock } from './clock.ts';
import { ImdsError } from './imds-error.ts';
import type { ReadOptions } from './read-options.ts';

/**
 * Ends a read that takes too long as a whole, however its single requests fare.
 *
 * @throws {ImdsError} `unreachable` when the time runs out.
 */
export async function withDeadline<T>(
  what: string,
  read: (options: ReadOptions) => Promise<T>,
  options: ReadOptions,
  { deadlineMs, clock, endpoint }: { deadlineMs: number; clock: Clock; endpoint: string },
): Promise<T> {
  const done = new AbortController();
  const overdue = new AbortController();
  clock.sleep(deadlineMs, { signal: done.signal }).then(
    () => overdue.abort(overdueError(what, deadlineMs, endpoint)),
    () => {}, // the read was in time
  );
  const { signal = overdue.signal } = options;
  try {
    return await read({ ...options, signal: AbortSignal.any([signal, overdue.signal]) });
  } finally {
    done.abort();
  }
}

const overdueError = (path: string, deadlineMs: number, endpoint: string) =>
  new ImdsError(
    'unreachable',
    `reading ${path}: ${endpoint} gave no complete answer within ${deadlineMs} ms; see what else keeps it busy`,
    { facts: { path, endpoint, deadlineMs } },
  );
