import { expect, test } from '@jest/globals';
import { createTokenBucket } from './token-bucket.ts';

test('a bucket gives its burst at once, and then as much as flows in', () => {
  const bucket = createTokenBucket({ burst: 3, perSecond: 2 });
  const at = (nowMs: number) => bucket.tryTake(nowMs);
  expect([at(0), at(0), at(0), at(0)]).toEqual([true, true, true, false]);
  expect([at(499), at(500), at(500)]).toEqual([false, true, false]);
  // It never holds more than its burst.
  expect([at(9_000), at(9_000), at(9_000), at(9_000)]).toEqual([true, true, true, false]);
});

test('whoever takes ahead waits for his token, in the order of arrival', () => {
  const bucket = createTokenBucket({ burst: 1, perSecond: 2 });
  expect([bucket.takeAhead(0), bucket.takeAhead(0), bucket.takeAhead(0)]).toEqual([0, 500, 1_000]);
  expect(bucket.takeAhead(1_500)).toBe(0);
});
