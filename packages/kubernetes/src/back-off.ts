/** How waits grow with failures in a row. */
export interface BackOff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * How long to wait after the `failureCount`th failure in a row, from 1: twice as long each time, and
 * between half and all of that, so that nodes that failed together do not come back together.
 *
 * @param random a number from 0 up to 1.
 */
export function waitAfter(
  failureCount: number,
  { firstMs, longestMs }: BackOff,
  random: number,
): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(failureCount - 1, 30));
  return fullMs * (0.5 + random / 2);
}
