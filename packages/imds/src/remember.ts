import type { Clock } from './clock.ts';
import type { ReadOptions, RequestOptions } from './read-options.ts';

/**
 * A read that keeps its latest answer and gives it again to those whom it is young enough for.
 *
 * The age counts from when the answer was asked for. A failure is not kept.
 */
export function remember<T>(
  read: (options: RequestOptions) => Promise<T>,
  clock: Clock,
): (options: ReadOptions) => Promise<T> {
  let latest: { readonly value: T; readonly askedAtMs: number } | undefined;
  return async ({ maxAgeMs = 0, signal }) => {
    const askedAtMs = clock.nowMs();
    if (latest !== undefined && maxAgeMs > 0 && askedAtMs - latest.askedAtMs <= maxAgeMs) {
      return latest.value;
    }
    const value = await read({ signal });
    if (latest === undefined || latest.askedAtMs <= askedAtMs) {
      latest = { value, askedAtMs };
    }
    return value;
  };
}
