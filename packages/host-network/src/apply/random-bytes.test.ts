import { expect, test } from '@jest/globals';
import { createRandomBytes } from './random-bytes.ts';

/** Counts up, so that no two bytes near each other are alike. */
function counting() {
  let fetches = 0;
  const fetch = (count: number) => {
    const bytes = Buffer.from(Array.from({ length: count }, (_, index) => fetches * 7 + index));
    fetches += 1;
    return bytes;
  };
  return { fetch, fetches: () => fetches };
}

test('no byte is given twice, and the system is asked once for many', () => {
  const { fetch, fetches } = counting();
  const randomBytes = createRandomBytes(fetch);
  const given = Array.from({ length: 20 }, () => [...randomBytes(12)]).flat();
  expect(given).toEqual(Array.from({ length: 240 }, (_, index) => index));
  expect(fetches()).toBe(1);
});

test.each([1, 12, 1_000, 1_024, 5_000])('%d bytes are given whatever is left', (count) => {
  const randomBytes = createRandomBytes();
  for (let time = 0; time < 5; time += 1) expect(randomBytes(count)).toHaveLength(count);
});
