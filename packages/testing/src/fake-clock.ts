/** A clock that a test moves by hand; structurally what every package asks for as its clock. */
export interface FakeClock {
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Moves time forward and lets everything that was due run, in order of its instant. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly dueAtMs: number;
  readonly wake: () => void;
}

/** Makes a clock that stands still at `startMs` (Unix milliseconds) until it is advanced. */
export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  let now = startMs;
  const sleepers = new Set<Sleeper>();

  /** Of several that are due at the same instant, the one that went to sleep first. */
  const nextDue = (limitMs: number): Sleeper | undefined => {
    let next: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.dueAtMs <= limitMs && sleeper.dueAtMs < (next?.dueAtMs ?? Infinity))
        next = sleeper;
    }
    return next;
  };

  return {
    nowMs: () => now,
    sleep: (ms, options = {}) =>
      new Promise((resolve, reject) => {
        const { signal } = options;
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const onAbort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper: Sleeper = {
          dueAtMs: now + ms,
          wake: () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        sleepers.add(sleeper);
      }),
    advance: async (ms) => {
      const until = now + ms;
      await drainMicrotasks();
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        now = due.dueAtMs;
        sleepers.delete(due);
        due.wake();
        await drainMicrotasks();
      }
      now = until;
    },
  };
}

const drainMicrotasks = () => new Promise<void>((resolve) => setImmediate(resolve));
