import { setTimeout as delay } from 'node:timers/promises';

/** Time as the emulator needs it; a test passes a clock that it advances by hand. */
export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, options = {}) => delay(ms, undefined, options),
};
