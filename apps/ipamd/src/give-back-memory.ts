import koffi from 'koffi';
import type { Context } from './context.ts';

const INTERVAL_MS = 5_000;

/**
 * Gives freed memory back to the system until `signal` aborts. V8's compilers need megabytes for a moment, on several
 * threads, and glibc keeps what each has freed for that thread: some 10 MiB that are hardly used again.
 *
 * @param trim what gives it back; absent where nothing does.
 */
export async function giveBackMemory(
  { clock, signal }: Pick<Context, 'clock' | 'signal'>,
  trim: (() => void) | undefined,
): Promise<void> {
  if (trim === undefined) return;
  while (!signal.aborted) {
    await clock.sleep(INTERVAL_MS, { signal }).catch(() => {});
    trim();
  }
}

/** malloc_trim(3), a millisecond of work. Only glibc has it. */
export function findMallocTrim(): (() => void) | undefined {
  try {
    const mallocTrim = koffi.load(null).func('int malloc_trim(size_t)');
    return () => mallocTrim(0);
  } catch {
    return undefined;
  }
}
