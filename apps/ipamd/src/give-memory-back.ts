import koffi from 'koffi';
import type { Clock } from './context.ts';

const TRIM_INTERVAL_MS = 30_000;

/**
 * Gives memory that was freed back to the system from time to time, until `signal` aborts. Compiling the AWS SDK
 * alone leaves 17 MiB to the allocator of glibc, which keeps them; musl's keeps nothing and has no such call.
 *
 * @see malloc_trim(3)
 */
export async function giveMemoryBack(clock: Clock, signal: AbortSignal): Promise<void> {
  const trim = findTrim();
  while (trim !== undefined && !signal.aborted) {
    await clock.sleep(TRIM_INTERVAL_MS, { signal }).catch(() => {});
    trim(0);
  }
}

function findTrim(): ((keepBytes: number) => number) | undefined {
  try {
    return koffi.load(null).func('int malloc_trim(size_t)') as (keepBytes: number) => number; // the prototype says so
  } catch {
    return undefined;
  }
}
