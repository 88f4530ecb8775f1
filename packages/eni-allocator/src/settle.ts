/** A clock that is moved by hand. */
export interface HandMovedClock {
  nowMs(): number;
  advance(ms: number): Promise<void>;
}

/**
 * For tests: the promise's outcome, with the clock moved on for as long as it needs.
 *
 * @param limitMs what an operation may take at most on the fake clock.
 */
export async function settle<T>(
  promise: Promise<T>,
  clock: HandMovedClock,
  limitMs = 600_000,
): Promise<T> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  const stopAtMs = clock.nowMs() + limitMs;
  await clock.advance(0);
  while (!isSettled && clock.nowMs() < stopAtMs) {
    await clock.advance(250);
  }
  if (!isSettled) {
    throw new Error(`not settled after ${limitMs} ms of the fake clock`);
  }
  return promise;
}
