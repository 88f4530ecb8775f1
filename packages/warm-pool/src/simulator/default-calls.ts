import { isReading, type RetryPolicy } from './ec2.ts';
import type { Caller } from './ec2-courses.ts';
import type { Node } from './node.ts';
import { createTokenBucket } from './token-bucket.ts';

/** A node's polite share of an account's quota. */
const READS = { burst: 10, perSecond: 5 };
const WRITES = { burst: 10, perSecond: 2 };
/** 0.5 s, then 1 s, and up to half as much again. */
const RETRY: RetryPolicy = {
  attempts: 3,
  delayMs: (attempt, random) => 500 * 2 ** (attempt - 1) * (1 + 0.5 * random()),
};

/** EC2 as this project's daemon calls it: a rate limit of its own, and retries on top of it. */
export function callerOf({ ec2, clock, random }: Node): Caller {
  const reads = createTokenBucket(READS);
  const writes = createTokenBucket(WRITES);
  return function* (action) {
    for (let attempt = 1; ; attempt++) {
      yield (isReading(action) ? reads : writes).takeAhead(clock.nowMs);
      if (yield* ec2.call(action)) {
        return true;
      }
      if (attempt === RETRY.attempts) {
        return false;
      }
      yield RETRY.delayMs(attempt, random);
    }
  };
}
