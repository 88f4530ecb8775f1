import { expect, test } from '@jest/globals';
import { inWallTime } from './wall-time.ts';

test.each([
  ['keeps pace', 0],
  ['was put forward by an hour', 3_600_000],
  ['was put back by an hour', -3_600_000],
])('a release is as long ago for the next process when the machine’s clock %s', (_, stepMs) => {
  const release = { address: '10.0.0.5', releasedAtMs: 995_000 } as const;
  const { recentReleases } = inWallTime(
    { allocations: [], recentReleases: [release], intents: [] },
    { nowMs: () => 1_000_000 },
    1_000_000 + stepMs,
  );
  expect(recentReleases).toEqual([{ address: '10.0.0.5', releasedAtMs: 995_000 + stepMs }]);
});

test('where both clocks agree but for parts of a millisecond, nothing changes', () => {
  const checkpoint = {
    allocations: [],
    recentReleases: [{ address: '10.0.0.5', releasedAtMs: 995_000 }] as const,
    intents: [],
  };
  expect(inWallTime(checkpoint, { nowMs: () => 1_000_000.7 }, 1_000_000)).toBe(checkpoint);
});
