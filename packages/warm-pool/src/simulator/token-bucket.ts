/** A token bucket: `burst` calls at once, refilled with `perSecond` calls a second. */
export interface BucketSize {
  /** From 1. */
  readonly burst: number;
  /** Above 0. */
  readonly perSecond: number;
}

export interface TokenBucket {
  /** Takes a token if there is one. */
  tryTake(nowMs: number): boolean;
  /** Takes a token in any case; how long the taker has to wait until it is really there, in ms. */
  takeAhead(nowMs: number): number;
}

export function createTokenBucket({ burst, perSecond }: BucketSize): TokenBucket {
  let tokens = burst;
  let filledAtMs = Number.NEGATIVE_INFINITY;
  const refill = (nowMs: number) => {
    tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) * perSecond) / 1000);
    filledAtMs = nowMs;
  };
  return {
    tryTake(nowMs) {
      refill(nowMs);
      if (tokens < 1) {
        return false;
      }
      tokens -= 1;
      return true;
    },
    takeAhead(nowMs) {
      refill(nowMs);
      tokens -= 1;
      return tokens >= 0 ? 0 : (-tokens * 1000) / perSecond;
    },
  };
}
