import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './context.ts';

/**
 * Unix time as it was when the process began, plus the time that has passed since. It never goes back
 * and never jumps, whatever is done to the machine's clock, so no wait gets longer by it.
 */
export const systemClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
  sleep: (ms, options = {}) => sleep(ms, undefined, options),
};
