import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './context.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, options = {}) => sleep(ms, undefined, options),
};
