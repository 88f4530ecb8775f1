import { setTimeout as delay } from 'node:timers/promises';

/** What waiting needs; tests pass one that does not wait. */
export interface Clock {
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, options = {}) => delay(ms, undefined, options),
};
