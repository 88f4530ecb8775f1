import { expect, test } from '@jest/globals';
import { mergeTraces, type Trace, traceFromCalls } from './trace.ts';
import { burst, churn, cron, diurnal } from './trace-generators.ts';

test('recorded calls become pods, counted from the first call', () => {
  const trace = traceFromCalls([
    { atMs: 5_000, kind: 'DEL', podId: 'a' },
    { atMs: 1_000, kind: 'ADD', podId: 'a' },
    { atMs: 2_000, kind: 'ADD', podId: 'a' }, // the runtime tried again
    { atMs: 3_000, kind: 'ADD', podId: 'b' },
    { atMs: 4_000, kind: 'DEL', podId: 'older' },
  ]);
  expect(trace).toEqual({
    durationMs: 4_000,
    pods: [
      { startAtMs: 0, stopAtMs: 3_000 },
      { startAtMs: 0, stopAtMs: 4_000 },
      { startAtMs: 2_000 },
    ],
  });
});

test('no calls are an empty trace', () => {
  expect(traceFromCalls([])).toEqual({ durationMs: 0, pods: [] });
});

/** Pods alive at an instant. */
const aliveAt = ({ pods }: Trace, atMs: number): number =>
  pods.filter(
    ({ startAtMs, stopAtMs = Number.POSITIVE_INFINITY }) => startAtMs <= atMs && atMs < stopAtMs,
  ).length;

test('a burst comes evenly within its time', () => {
  const trace = burst({ durationMs: 60_000, podCount: 4, atMs: 10_000, overMs: 8_000 });
  expect(trace.pods.map(({ startAtMs }) => startAtMs)).toEqual([10_000, 12_000, 14_000, 16_000]);
});

test('churn keeps the number of pods', () => {
  const trace = churn({ durationMs: 600_000, podCount: 7, lifetimeMs: 30_000 });
  expect([0, 1_000, 300_000, 599_000].map((atMs) => aliveAt(trace, atMs))).toEqual([7, 7, 7, 7]);
  // 600 s ÷ 30 s × 7 places, give or take.
  expect(trace.pods.length).toBeGreaterThan(100);
  expect(trace.pods.length).toBeLessThan(200);
});

test('cron starts its pods by the clock', () => {
  const trace = cron({ durationMs: 300_000, podCount: 5, everyMs: 60_000, lifetimeMs: 20_000 });
  expect(trace.pods).toHaveLength(25);
  expect([2_000, 40_000, 62_000].map((atMs) => aliveAt(trace, atMs))).toEqual([5, 0, 5]);
});

test('a day has its low at the beginning and its high at noon', () => {
  const trace = diurnal({
    durationMs: 86_400_000,
    lowPodCount: 10,
    highPodCount: 100,
    lifetimeMs: 600_000,
  });
  const [night = 0, noon = 0] = [0, 43_200_000].map((atMs) => aliveAt(trace, atMs));
  expect(night).toBe(10);
  expect(noon).toBeGreaterThan(70);
  expect(noon).toBeLessThan(130);
});

test('the same seed gives the same pods, another seed others', () => {
  const day = (seed: number) =>
    churn({ durationMs: 60_000, podCount: 3, lifetimeMs: 5_000, seed }).pods;
  expect(day(3)).toEqual(day(3));
  expect(day(3)).not.toEqual(day(4));
});

test('merged traces are as long as the longest', () => {
  const merged = mergeTraces([
    burst({ durationMs: 1_000, podCount: 1 }),
    burst({ durationMs: 5_000, podCount: 2 }),
  ]);
  expect([merged.durationMs, merged.pods.length]).toEqual([5_000, 3]);
});
