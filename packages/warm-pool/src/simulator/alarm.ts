import type { Clock } from './clock.ts';

/** Rings once, at the earliest of the instants it was set to. */
export interface Alarm {
  /** Rings no later than `atMs`; an alarm that is set earlier already stays so. */
  setFor(atMs: number): void;
}

/**
 * An alarm on a clock without a way to take events back: what was set and then became later simply
 * finds that it is not due any more.
 */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let dueAtMs = Number.POSITIVE_INFINITY;
  return {
    setFor(atMs) {
      if (atMs >= dueAtMs) {
        return;
      }
      dueAtMs = Math.max(atMs, clock.nowMs);
      const setForMs = dueAtMs;
      clock.at(setForMs, () => {
        if (dueAtMs === setForMs) {
          dueAtMs = Number.POSITIVE_INFINITY;
          ring();
        }
      });
    },
  };
}
