import type { Context } from './context.ts';

/** Who waits longer than this wants to know for what. */
const SLOW_MS = 2_000;

/**
 * Names what takes long while it does, not when its time limit is over.
 *
 * @returns to be called when it has ended.
 */
export function nameIfSlow(
  what: string,
  { clock, log }: Pick<Context, 'clock' | 'log'>,
): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  clock.sleep(SLOW_MS, { signal }).then(
    () => log.warn({ what }, `${what} has no answer after ${SLOW_MS / 1000} s, still waiting`),
    () => {},
  );
  return () => ended.abort();
}
