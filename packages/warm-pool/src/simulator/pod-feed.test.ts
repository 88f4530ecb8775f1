import { expect, test } from '@jest/globals';
import { VirtualClock } from './clock.ts';
import { feedPods } from './pod-feed.ts';

test('pods start and stop when the trace says, at the same instant the starts first', () => {
  const clock = new VirtualClock(0);
  const seen: string[] = [];
  const pods = [
    { startAtMs: 0, stopAtMs: 30 },
    { startAtMs: 10 },
    { startAtMs: 20, stopAtMs: 20 },
    { startAtMs: 30, stopAtMs: 40 },
    { startAtMs: 30 },
  ];
  feedPods({ durationMs: 50, pods }, clock, {
    start: (index) => seen.push(`${clock.nowMs}: ${index} starts`),
    stop: (index) => seen.push(`${clock.nowMs}: ${index} stops`),
  });
  while (clock.nextAtMs !== undefined) clock.turn();
  expect(seen).toEqual([
    '0: 0 starts',
    '10: 1 starts',
    '20: 2 starts',
    '20: 2 stops',
    '30: 3 starts',
    '30: 4 starts',
    '30: 0 stops',
    '40: 3 stops',
  ]);
});
