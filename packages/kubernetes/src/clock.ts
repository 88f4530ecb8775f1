import { setTimeout as sleep } from 'node:timers/promises';

/** Time as the client needs it: Unix milliseconds, and waiting that a signal can end. */
export interface Clock {
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** @internal */
export const systemClock: Clock = {
  nowMs: Date.now,
  sleep: (ms, options = {}) => sleep(ms, undefined, options),
};
