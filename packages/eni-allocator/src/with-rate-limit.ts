import { aroundEachCall } from './around-each-call.ts';
import type { Clock } from './clock.ts';
import type { Ec2NetworkPort, Ec2Operation } from './ports.ts';
import { sleepOptions } from './with-retry.ts';

/** A token bucket: `burst` calls at once, refilled with `perSecond` calls a second. Both above 0. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** One bucket for calls that look, one for calls that change, as EC2 itself counts them. */
export interface RateLimits {
  readonly reads: RateLimit;
  readonly writes: RateLimit;
}

/**
 * A node's polite share of an account's EC2 quota.
 *
 * EC2 gives an account 50 to 100 calls at once and 5 to 20 a second; a cluster's nodes share that.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export const defaultRateLimits: RateLimits = {
  reads: { burst: 10, perSecond: 5 },
  writes: { burst: 10, perSecond: 2 },
};

/**
 * The port, with calls held back while their bucket is empty; first come, first served.
 *
 * A call that is aborted while it waits gives its token back. Stack it under `withRetry`, so that
 * repeated calls pay too.
 */
export function withRateLimit(
  port: Ec2NetworkPort,
  limits: RateLimits,
  clock: Clock,
): Ec2NetworkPort {
  const reads = createBucket(limits.reads, clock);
  const writes = createBucket(limits.writes, clock);
  return aroundEachCall(port, async (operation, call, options) => {
    await (isRead(operation) ? reads : writes).take(options.signal);
    return call(options);
  });
}

const isRead = (operation: Ec2Operation) => operation.startsWith('describe');

/**
 * Tokens may go below zero: each caller takes its token at once and sleeps off the debt it finds,
 * so that the order of arrival is the order of service and no queue needs to be kept.
 */
function createBucket(limit: RateLimit, clock: Clock) {
  let tokens = limit.burst;
  let filledAtMs = clock.nowMs();

  const refill = () => {
    const nowMs = clock.nowMs();
    // A wall clock that was set back must not drain the bucket.
    const elapsedMs = Math.max(0, nowMs - filledAtMs);
    tokens = Math.min(limit.burst, tokens + (elapsedMs * limit.perSecond) / 1000);
    filledAtMs = nowMs;
  };

  return {
    async take(signal: AbortSignal | undefined): Promise<void> {
      signal?.throwIfAborted();
      refill();
      tokens -= 1;
      if (tokens >= 0) {
        return;
      }
      try {
        await clock.sleep(Math.ceil((-tokens * 1000) / limit.perSecond), sleepOptions(signal));
      } catch (error) {
        refill();
        tokens += 1;
        throw error;
      }
    },
  };
}
