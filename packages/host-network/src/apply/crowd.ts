import type { Where } from '../netlink/netlink-socket.ts';

/** Enough to keep the kernel busy while the JavaScript thread is about others, and few enough to end soon. */
const DEFAULT_WIDTH = 16;

/** The pods that are being wired. */
export interface Crowd {
  /** Runs a job as soon as fewer than the width are under way, in the order they came. */
  run<T>(job: () => Promise<T>): Promise<T>;
  /**
   * Where the kernel's work of a job is best done: for a lone pod here, which is soonest; when others are under way,
   * in the pool, so that the JavaScript thread is theirs meanwhile.
   */
  where(): Where;
  /** Resolves when none is under way or waits. */
  settled(): Promise<void>;
}

export function createCrowd(width = DEFAULT_WIDTH): Crowd {
  const waiting: (() => void)[] = [];
  const watchers: (() => void)[] = [];
  let insideCount = 0;

  const enter = () => {
    if (insideCount >= width) return new Promise<void>((resolve) => waiting.push(resolve));
    insideCount += 1;
    return Promise.resolve();
  };
  const leave = () => {
    const next = waiting.shift();
    if (next !== undefined) {
      next(); // in the place of the one that leaves
      return;
    }
    insideCount -= 1;
    if (insideCount === 0) for (const watcher of watchers.splice(0)) watcher();
  };

  return {
    run: async (job) => {
      await enter();
      try {
        return await job();
      } finally {
        leave();
      }
    },
    where: () => (insideCount > 1 ? 'in-pool' : 'here'),
    settled: async () => {
      if (insideCount > 0) await new Promise<void>((resolve) => watchers.push(resolve));
    },
  };
}
