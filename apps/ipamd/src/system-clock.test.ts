import { afterEach, expect, jest, test } from '@jest/globals';
import { systemClock } from './system-clock.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

test('tells Unix time', () => {
  expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(60_000);
});

test('does not follow a machine’s clock that goes back', () => {
  const before = systemClock.nowMs();
  jest.spyOn(Date, 'now').mockReturnValue(0);
  expect(systemClock.nowMs()).toBeGreaterThanOrEqual(before);
});
