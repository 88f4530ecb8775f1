import type { Clock, Course } from './clock.ts';
import type { Random } from './random.ts';
import { type BucketSize, createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** EC2 actions that a node calls for its pool. */
export const EC2_CALLS = [
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
  'DetachNetworkInterface',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
  'CreateTags',
  'DescribeNetworkInterfaces',
  'DescribeInstances',
  'DescribeSubnets',
] as const;

export type Ec2Call = (typeof EC2_CALLS)[number];

/** How fast EC2 is, and how much of it an account may have. */
export interface Ec2Config {
  /** Time to the answer, in ms, by action. */
  readonly latencyMs: Readonly<Record<Ec2Call, number>>;
  /** Time to the answer of a call that is throttled, in ms. */
  readonly throttledLatencyMs: number;
  /** From the attachment's answer until the link is there and the ENI can be used, in ms. */
  readonly attachDelayMs: number;
  /** From the detachment's answer until the ENI can be deleted, in ms. */
  readonly detachDelayMs: number;
  /** Each answer takes up to this share longer, at random. */
  readonly jitter: number;
  /** Bucket of every action that changes something; each action has its own. */
  readonly mutatingBucket: BucketSize;
  /** Bucket of every `Describe…` action. */
  readonly readingBucket: BucketSize;
  /** Actions with a bucket of another size. */
  readonly buckets: Readonly<Partial<Record<Ec2Call, BucketSize>>>;
}

/**
 * EC2 on an ordinary day: an address or a prefix within a second, an ENI within a few and up to ten;
 * 50 changing calls at once and 5 a second, 100 and 20 for reading ones, for each action of an
 * account.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html buckets by action
 * @see https://docs.aws.amazon.com/eks/latest/best-practices/prefix-mode-linux.html times
 */
export const DEFAULT_EC2: Ec2Config = {
  latencyMs: {
    CreateNetworkInterface: 900,
    AttachNetworkInterface: 1_500,
    ModifyNetworkInterfaceAttribute: 300,
    DetachNetworkInterface: 600,
    DeleteNetworkInterface: 600,
    AssignPrivateIpAddresses: 600,
    UnassignPrivateIpAddresses: 500,
    CreateTags: 300,
    DescribeNetworkInterfaces: 150,
    DescribeInstances: 200,
    DescribeSubnets: 150,
  },
  throttledLatencyMs: 50,
  attachDelayMs: 3_000,
  detachDelayMs: 3_000,
  jitter: 0.2,
  mutatingBucket: { burst: 50, perSecond: 5 },
  readingBucket: { burst: 100, perSecond: 20 },
  buckets: {},
};

/** How often one action was called, and how often of that it was throttled. */
export interface CallCount {
  readonly callCount: number;
  readonly throttledCount: number;
}

/** How patiently a caller repeats a throttled call. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** Wait after the given failed try (1, 2, …), in ms. */
  delayMs(attempt: number, random: Random): number;
}

/** EC2 as the nodes of one account meet it. */
export interface Ec2 {
  readonly config: Ec2Config;
  readonly counts: Readonly<Record<Ec2Call, CallCount>>;
  /** Calls made so far. */
  readonly callCount: number;
  readonly throttledCount: number;
  /** One try. True: carried out; false: throttled, and nothing was done. */
  call(action: Ec2Call): Course<boolean>;
}

export const isReading = (action: Ec2Call): boolean => action.startsWith('Describe');

export function createEc2(config: Ec2Config, clock: Clock, random: Random): Ec2 {
  const buckets = new Map<Ec2Call, TokenBucket>();
  const counts = Object.fromEntries(
    EC2_CALLS.map((action) => [action, { callCount: 0, throttledCount: 0 }]),
  ) as Record<Ec2Call, { callCount: number; throttledCount: number }>;
  for (const action of EC2_CALLS) {
    const usual = isReading(action) ? config.readingBucket : config.mutatingBucket;
    buckets.set(action, createTokenBucket(config.buckets[action] ?? usual));
  }
  const ec2 = {
    config,
    counts,
    callCount: 0,
    throttledCount: 0,
    *call(action: Ec2Call): Course<boolean> {
      const count = counts[action];
      const isAdmitted = buckets.get(action)?.tryTake(clock.nowMs) ?? true;
      count.callCount += 1;
      ec2.callCount += 1;
      if (!isAdmitted) {
        count.throttledCount += 1;
        ec2.throttledCount += 1;
      }
      const latencyMs = isAdmitted ? config.latencyMs[action] : config.throttledLatencyMs;
      yield latencyMs * (1 + config.jitter * random());
      return isAdmitted;
    },
  };
  return ec2;
}
