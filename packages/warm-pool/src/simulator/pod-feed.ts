import type { Clock } from './clock.ts';
import type { Trace } from './trace.ts';

/** What a trace says, when it is time. */
export interface PodFeedEvents {
  readonly start: (podIndex: number) => void;
  readonly stop: (podIndex: number) => void;
}

/**
 * Plays a trace, whose pods are in order of their start. At the same instant pods start before others
 * stop.
 *
 * It is known beforehand, so it needs sorting once, and only its next event on the clock.
 */
export function feedPods({ pods }: Trace, clock: Clock, { start, stop }: PodFeedEvents): void {
  const stopAtMs = Float64Array.from(pods, (pod) => pod.stopAtMs ?? Number.POSITIVE_INFINITY);
  const stops = Uint32Array.from(pods, (_, index) => index).sort(
    (a, b) => compare(stopAtMs[a], stopAtMs[b]) || a - b,
  );
  let startCursor = 0;
  let stopCursor = 0;

  const nextStartAtMs = () => pods[startCursor]?.startAtMs ?? Number.POSITIVE_INFINITY;
  const nextStopAtMs = () => stopAtMs[stops[stopCursor] ?? -1] ?? Number.POSITIVE_INFINITY;
  const waitForNext = () => {
    const nextAtMs = Math.min(nextStartAtMs(), nextStopAtMs());
    if (nextAtMs < Number.POSITIVE_INFINITY) {
      clock.at(nextAtMs, happen);
    }
  };
  const happen = () => {
    if (nextStartAtMs() <= nextStopAtMs()) {
      start(startCursor++);
    } else {
      stop(stops[stopCursor++] ?? -1);
    }
    waitForNext();
  };
  waitForNext();
}

/** Two pods may both stay to the end: infinities cannot be subtracted. */
const compare = (a = 0, b = 0): number => (a < b ? -1 : Number(a > b));
