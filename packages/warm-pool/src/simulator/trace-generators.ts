import { createRandom, exponential, type Random } from './random.ts';
import { checkedTrace, type Trace, type TracePod } from './trace.ts';

/** What every generator needs. */
export interface GeneratorOptions {
  readonly durationMs: number;
  /** The same seed gives the same trace. Default 1. */
  readonly seed?: number;
}

/** Many pods within a short time: a deployment, or a node that takes over from another. */
export function burst(
  options: GeneratorOptions & {
    readonly podCount: number;
    /** When the first one comes. Default 0. */
    readonly atMs?: number;
    /** Time within which they come, evenly. Default 0: all at once. */
    readonly overMs?: number;
    /** How long each one lives. Left out: to the end. */
    readonly lifetimeMs?: number;
  },
): Trace {
  const { durationMs, podCount, atMs = 0, overMs = 0, lifetimeMs } = options;
  const pods = Array.from({ length: podCount }, (_, index) =>
    lived(atMs + (overMs * index) / Math.max(1, podCount), lifetimeMs),
  );
  return traceOf(durationMs, pods);
}

/** A number of pods of which now one and now another is replaced. */
export function churn(
  options: GeneratorOptions & {
    readonly podCount: number;
    /** How long a pod lives on average. */
    readonly lifetimeMs: number;
  },
): Trace {
  const { durationMs, podCount, lifetimeMs } = options;
  const random = createRandom(options.seed ?? 1);
  const pods: TracePod[] = [];
  for (let place = 0; place < podCount; place++) {
    for (let startAtMs = 0; startAtMs < durationMs; ) {
      const life = exponential(random, lifetimeMs);
      pods.push(lived(startAtMs, life));
      startAtMs += life;
    }
  }
  return traceOf(durationMs, pods);
}

/** Jobs that all start by the clock and end about the same time later. */
export function cron(
  options: GeneratorOptions & {
    /** Pods of each round. */
    readonly podCount: number;
    readonly everyMs: number;
    /** How long a pod lives; up to a tenth more or less. */
    readonly lifetimeMs: number;
    /** Each round starts within this time. Default 1,000. */
    readonly overMs?: number;
  },
): Trace {
  const { durationMs, podCount, everyMs, lifetimeMs, overMs = 1_000 } = options;
  const random = createRandom(options.seed ?? 1);
  const pods: TracePod[] = [];
  for (let roundAtMs = 0; roundAtMs < durationMs; roundAtMs += everyMs) {
    for (let pod = 0; pod < podCount; pod++) {
      const startAtMs = roundAtMs + overMs * random();
      pods.push(lived(startAtMs, lifetimeMs * (0.9 + 0.2 * random())));
    }
  }
  return traceOf(durationMs, pods);
}

/**
 * Load that follows the day: about `lowPodCount` pods at the beginning, `highPodCount` half a period
 * later, and back. Pods come and go independently of each other.
 */
export function diurnal(
  options: GeneratorOptions & {
    readonly lowPodCount: number;
    readonly highPodCount: number;
    /** How long a pod lives on average. */
    readonly lifetimeMs: number;
    /** Default: 24 h. */
    readonly periodMs?: number;
  },
): Trace {
  const { durationMs, lowPodCount, highPodCount, lifetimeMs, periodMs = 86_400_000 } = options;
  const random = createRandom(options.seed ?? 1);
  const wantedAt = (atMs: number) => {
    const swing = (1 - Math.cos((2 * Math.PI * atMs) / periodMs)) / 2;
    return lowPodCount + (highPodCount - lowPodCount) * swing;
  };
  const pods = Array.from({ length: Math.round(lowPodCount) }, () =>
    lived(0, exponential(random, lifetimeMs)),
  );
  for (const atMs of arrivals(random, durationMs, lifetimeMs / highPodCount)) {
    // Arrivals at the highest rate, thinned out to the rate of the hour.
    if (random() * highPodCount < wantedAt(atMs)) {
      pods.push(lived(atMs, exponential(random, lifetimeMs)));
    }
  }
  return traceOf(durationMs, pods);
}

function* arrivals(random: Random, durationMs: number, meanGapMs: number): Generator<number> {
  for (
    let atMs = exponential(random, meanGapMs);
    atMs < durationMs;
    atMs += exponential(random, meanGapMs)
  ) {
    yield atMs;
  }
}

const lived = (startAtMs: number, lifetimeMs: number | undefined): TracePod =>
  lifetimeMs === undefined ? { startAtMs } : { startAtMs, stopAtMs: startAtMs + lifetimeMs };

/** Pods that would come after the end are left out. */
const traceOf = (durationMs: number, pods: readonly TracePod[]): Trace =>
  checkedTrace({ durationMs, pods: pods.filter(({ startAtMs }) => startAtMs < durationMs) });
