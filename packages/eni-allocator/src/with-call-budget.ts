import { aroundEachCall } from './around-each-call.ts';
import type { Clock } from './clock.ts';
import { describeCall } from './describe-call.ts';
import { EC2_ACTIONS, type Ec2Action } from './ec2-actions.ts';
import { EniAllocatorError, isEniAllocatorError } from './eni-allocator-error.ts';
import type { Ec2NetworkPort } from './ports.ts';
import {
  type BucketFigures,
  type BucketPolicy,
  createTokenBucket,
  type RateLimit,
  type TokenBucket,
} from './token-bucket.ts';

export interface CallBudgetOptions extends BucketPolicy {
  /** For each action that looks (`Describe…`). */
  readonly reads: RateLimit;
  /** For each action that changes something. */
  readonly writes: RateLimit;
}

/**
 * A node's polite share of an account's EC2 quota: at most 10 calls of an action at once, then 5
 * (looking) or 2 (changing) a second. EC2 gives an account 50 to 100 at once and 5 to 20 a second, and
 * all nodes of all its clusters share that; what a node's part is, its bucket finds out.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export const defaultCallBudget: CallBudgetOptions = {
  reads: { burst: 10, perSecond: 5 },
  writes: { burst: 10, perSecond: 2 },
  maxWaitMs: 30_000,
  jitter: 0.25,
  random: Math.random,
};

/** What may be asked of EC2: one token bucket for each of its actions, as EC2 itself counts. */
export interface CallBudget {
  bucketOf(action: Ec2Action): TokenBucket;
  /** The buckets that were used so far, in numbers. */
  figures(): ReadonlyMap<Ec2Action, BucketFigures>;
}

export function createCallBudget(options: CallBudgetOptions, clock: Clock): CallBudget {
  const buckets = new Map<Ec2Action, TokenBucket>();
  return {
    bucketOf(action) {
      const limit = action.startsWith('Describe') ? options.reads : options.writes;
      const bucket = buckets.get(action) ?? createTokenBucket(limit, options, clock);
      buckets.set(action, bucket);
      return bucket;
    },
    figures: () => new Map([...buckets].map(([action, bucket]) => [action, bucket.figures()])),
  };
}

/**
 * The port, with each call held back until its action's bucket has a token for it.
 *
 * A call that would have to wait longer than `maxWaitMs` rejects with `throttled` without reaching
 * EC2. Stack it under `withRetry`, so that repeated calls pay too, and above whatever talks to EC2, so
 * that it learns from each answer.
 */
export function withCallBudget(port: Ec2NetworkPort, budget: CallBudget): Ec2NetworkPort {
  return aroundEachCall(port, async (operation, call, options, request) => {
    const turn = await budget.bucketOf(EC2_ACTIONS[operation]).take(options.signal);
    if (turn.kind === 'too-long') {
      const { doing, facts } = describeCall(operation, request);
      throw new EniAllocatorError(
        'throttled',
        `${doing}: this node's budget for it is used up; ` +
          `the next call may start in ${Math.ceil(turn.waitMs / 1000)} s`,
        { facts: { ...facts, retryAfterMs: turn.waitMs } },
      );
    }
    let wasThrottled = false;
    try {
      return await call(options);
    } catch (error) {
      wasThrottled = isEniAllocatorError(error) && error.code === 'throttled';
      throw error;
    } finally {
      turn.end(wasThrottled);
    }
  });
}
