import { randomBytes } from 'node:crypto';

const PORTION_BYTES = 1024;

/** Random bytes of the system, fetched in portions: to fetch some takes as long as to fetch many. */
export function createRandomBytes(
  fetch: (count: number) => Uint8Array = randomBytes,
): (count: number) => Uint8Array {
  let rest: Uint8Array = new Uint8Array(0);
  return (count) => {
    if (rest.length < count) rest = fetch(Math.max(count, PORTION_BYTES));
    const bytes = rest.subarray(0, count);
    rest = rest.subarray(count);
    return bytes;
  };
}
