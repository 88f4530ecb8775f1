import type { IpamdConfig } from './config.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { PhaseRunner } from './startup-phase.ts';

export interface Clock {
  nowMs(): number;
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/** What every part of the daemon is given. */
export interface Context {
  readonly config: IpamdConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** The machine's time of day, Unix milliseconds: what the next process will start from. */
  readonly wallNowMs: () => number;
  readonly metrics: Metrics;
  /** Aborted when the daemon is to end. */
  readonly signal: AbortSignal;
  readonly phases: PhaseRunner;
}
