import type { SimulationConfig } from './config.ts';
import { resultOf, type SimulationResult } from './result.ts';
import { Simulation } from './simulation.ts';
import type { Trace } from './trace.ts';

/** For those who want to watch. */
export interface SimulateOptions {
  /** Called now and then with the share of the trace that is over, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

const EVENTS_BETWEEN_REPORTS = 1 << 14;

/**
 * Lets the pods of a trace come and go on a node, or on a fleet, and tells how they fared and what
 * it cost.
 *
 * Pure and deterministic: the same arguments give the same result.
 *
 * @throws {WarmPoolError} `invalid-option`, `invalid-limits`
 */
export function simulate(
  trace: Trace,
  config: SimulationConfig,
  { onProgress }: SimulateOptions = {},
): SimulationResult {
  const simulation = new Simulation(trace, config);
  for (let eventCount = 1; simulation.step(); eventCount++) {
    if (eventCount % EVENTS_BETWEEN_REPORTS === 0) {
      onProgress?.(Math.max(0, simulation.nowMs) / Math.max(1, trace.durationMs));
    }
  }
  onProgress?.(1);
  return resultOf(simulation);
}

/** One setting of a comparison. */
export interface Setting {
  readonly name: string;
  readonly config: SimulationConfig;
}

/** What came of one setting. */
export interface Comparison {
  readonly name: string;
  readonly result: SimulationResult;
}

/**
 * Several settings on the same trace.
 *
 * @throws {WarmPoolError} as {@link simulate} does.
 */
export const compare = (
  trace: Trace,
  settings: readonly Setting[],
  { onProgress }: SimulateOptions = {},
): readonly Comparison[] =>
  settings.map(({ name, config }, index) => ({
    name,
    result: simulate(trace, config, {
      onProgress: (share) => onProgress?.((index + share) / settings.length),
    }),
  }));
