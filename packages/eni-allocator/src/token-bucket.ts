import type { Clock } from './clock.ts';
import { unlessAborted } from './unless-aborted.ts';

/** A token bucket: `burst` calls at once, refilled with `perSecond` calls a second. Both above 0. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** What one bucket is doing, in numbers. */
export interface BucketFigures {
  /** The rate now; at most `ceilingPerSecond`, less after throttling. */
  readonly perSecond: number;
  readonly ceilingPerSecond: number;
  /** Calls that could start at once. */
  readonly tokens: number;
  /** Calls that wait for a token. */
  readonly waiting: number;
  /** Tokens taken since the start: calls, repeated ones included. */
  readonly callCount: number;
  /** How many of those EC2 throttled. */
  readonly throttledCount: number;
}

/** How patient a bucket is, and how even. */
export interface BucketPolicy {
  /** A call that cannot have a token within this time gets none. Milliseconds. */
  readonly maxWaitMs: number;
  /** Up to this share of a wait is added at random, so that a fleet does not march in step. */
  readonly jitter: number;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** What a call got: a token, to be handed back with what EC2 said, or too long a wait. */
export type Turn =
  | { readonly kind: 'go'; readonly end: (wasThrottled: boolean) => void }
  | { readonly kind: 'too-long'; readonly waitMs: number };

export interface TokenBucket {
  /** Waits for a token; first come, first served. Rejects with the signal's reason when aborted. */
  take(signal: AbortSignal | undefined): Promise<Turn>;
  figures(): BucketFigures;
}

/** Halved from throttle to throttle, the rate does not sink below this share of its ceiling. */
const LOWEST_SHARE = 1 / 128;
/** Each success gives back this share of the ceiling. */
const RECOVERY_SHARE = 1 / 40;

/**
 * A token bucket that learns how much EC2 has to give: additive increase, multiplicative decrease.
 *
 * A throttled call halves the rate and empties the bucket, for it proves that others are using the
 * account's quota too. Calls that started before such a halving do not halve it again: a burst that is
 * refused as a whole is one lesson. Each success raises the rate by a fortieth of the ceiling.
 */
export function createTokenBucket(
  limit: RateLimit,
  policy: BucketPolicy,
  clock: Clock,
): TokenBucket {
  const ceiling = limit.perSecond;
  let perSecond = ceiling;
  let tokens = limit.burst;
  let filledAtMs = clock.nowMs();
  let lessons = 0;
  let waiting = 0;
  let callCount = 0;
  let throttledCount = 0;
  let lastTurn: Promise<void> = Promise.resolve();

  const refill = () => {
    const nowMs = clock.nowMs();
    // A wall clock that was set back must not drain the bucket.
    const elapsedMs = Math.max(0, nowMs - filledAtMs);
    tokens = Math.min(limit.burst, tokens + (elapsedMs * perSecond) / 1000);
    filledAtMs = nowMs;
  };

  const endOf = (lessonsAtStart: number) => (wasThrottled: boolean) => {
    refill();
    if (!wasThrottled) {
      perSecond = Math.min(ceiling, perSecond + ceiling * RECOVERY_SHARE);
      return;
    }
    throttledCount += 1;
    if (lessonsAtStart === lessons) {
      lessons += 1;
      perSecond = Math.max(ceiling * LOWEST_SHARE, perSecond / 2);
      tokens = 0;
    }
  };

  /** Waits as the first in the queue. The rate may sink meanwhile, so that one sleep may not do. */
  const waitForToken = async (giveUpAtMs: number, signal: AbortSignal | undefined) => {
    for (;;) {
      signal?.throwIfAborted();
      refill();
      // Sums of small refills may miss the whole token by a hair.
      if (tokens >= 1 - 1e-6) {
        return undefined;
      }
      const waitMs = Math.ceil(((1 - tokens) * 1000) / perSecond);
      if (clock.nowMs() + waitMs > giveUpAtMs) {
        return waitMs;
      }
      const jitterMs = Math.round(waitMs * policy.jitter * policy.random());
      await clock.sleep(waitMs + jitterMs, signal === undefined ? {} : { signal });
    }
  };

  return {
    async take(signal) {
      const giveUpAtMs = clock.nowMs() + policy.maxWaitMs;
      const previousTurn = lastTurn;
      const ended = Promise.withResolvers<void>();
      lastTurn = ended.promise;
      waiting += 1;
      try {
        await unlessAborted(previousTurn, signal);
        const waitMs = await waitForToken(giveUpAtMs, signal);
        if (waitMs !== undefined) {
          return { kind: 'too-long', waitMs };
        }
        tokens -= 1;
        callCount += 1;
        return { kind: 'go', end: endOf(lessons) };
      } finally {
        waiting -= 1;
        // One that leaves the queue early must not let the next past those before it.
        void previousTurn.then(ended.resolve);
      }
    },
    figures() {
      refill();
      return {
        perSecond,
        ceilingPerSecond: ceiling,
        tokens: Math.max(0, Math.floor(tokens)),
        waiting,
        callCount,
        throttledCount,
      };
    },
  };
}
