import { canHavePrefixes, type MaxPodsLimits, maxPods } from '../max-pods.ts';
import { WarmPoolError } from '../warm-pool-error.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { DEFAULT_EC2, EC2_CALLS, type Ec2Call, type Ec2Config } from './ec2.ts';
import type { SubnetConfig } from './subnet-space.ts';
import type { BucketSize } from './token-bucket.ts';

/** Who decides: `default` is `plan`, `upstream` is `planUpstream`. */
export type Strategy = 'default' | 'upstream';

/** Deviations from {@link DEFAULT_EC2}. */
export type Ec2Settings = Partial<Omit<Ec2Config, 'latencyMs'>> & {
  readonly latencyMs?: Partial<Ec2Config['latencyMs']>;
};

/** What is simulated. */
export interface SimulationConfig {
  readonly strategy: Strategy;
  readonly limits: MaxPodsLimits;
  readonly targets: WarmTargets;
  /** Default: {@link maxPods} of the limits and targets. */
  readonly maxPods?: number;
  /** Pods of max-pods that live in the host's network, outside the trace. Default 2. */
  readonly hostNetworkPodCount?: number;
  /** `IP_COOLDOWN_PERIOD`, in ms. Default 30,000. */
  readonly addressCooldownMs?: number;
  /** How long an ADD is held while no address is free, in ms; `upstream` never waits. Default 30,000. */
  readonly addHoldMs?: number;
  /** Nodes that share the account's EC2 buckets and the subnets. Default 1. */
  readonly nodeCount?: number;
  /** How long before the trace begins the first node joins, in ms. Default 300,000. */
  readonly warmUpMs?: number;
  /** Time within which the nodes join, evenly, in ms. Default 0: all at once. */
  readonly joinOverMs?: number;
  /** Node i lives in subnet i modulo their number. Default: one /18, all of it free. */
  readonly subnets?: readonly SubnetConfig[];
  readonly ec2?: Ec2Settings;
  /** The same seed gives the same result. Default 1. */
  readonly seed?: number;
  /** Samples of the timeline. Default 240. */
  readonly sampleCount?: number;
}

/** A configuration with nothing left to guess. */
export interface CompleteConfig extends Required<Omit<SimulationConfig, 'ec2'>> {
  readonly ec2: Ec2Config;
}

/**
 * @throws {WarmPoolError} `invalid-option` or `invalid-limits`, naming the field.
 */
export function completeConfig(config: SimulationConfig): CompleteConfig {
  const { limits, targets } = config;
  const { assignmentMode, customNetworking, securityGroupsForPods, maxEnis } = targets;
  const complete: CompleteConfig = {
    hostNetworkPodCount: 2,
    addressCooldownMs: 30_000,
    addHoldMs: 30_000,
    nodeCount: 1,
    warmUpMs: 300_000,
    joinOverMs: 0,
    subnets: [{}],
    seed: 1,
    sampleCount: 240,
    ...config,
    maxPods:
      config.maxPods ??
      maxPods(limits, {
        ...(assignmentMode === undefined ? {} : { assignmentMode }),
        ...(customNetworking === undefined ? {} : { customNetworking }),
        ...(securityGroupsForPods === undefined ? {} : { securityGroupsForPods }),
        ...(maxEnis === undefined ? {} : { maxEnis }),
      }),
    ec2: {
      ...DEFAULT_EC2,
      ...config.ec2,
      latencyMs: { ...DEFAULT_EC2.latencyMs, ...config.ec2?.latencyMs },
    },
  };
  check(complete);
  return complete;
}

/** What a slot of this node's ENIs holds. */
export const modeOf = ({
  targets,
  limits,
}: Pick<SimulationConfig, 'targets' | 'limits'>): 'address' | 'prefix' =>
  targets.assignmentMode === 'prefix' && canHavePrefixes(limits) ? 'prefix' : 'address';

function check(config: CompleteConfig): void {
  if (config.strategy !== 'default' && config.strategy !== 'upstream') {
    throw invalid('strategy', config.strategy, "'default' or 'upstream'");
  }
  requireWhole('nodeCount', config.nodeCount, 1);
  requireWhole('maxPods', config.maxPods, 0);
  requireWhole('hostNetworkPodCount', config.hostNetworkPodCount, 0);
  requireWhole('sampleCount', config.sampleCount, 1);
  requireNumber('addressCooldownMs', config.addressCooldownMs, 0);
  requireNumber('addHoldMs', config.addHoldMs, 0);
  requireNumber('warmUpMs', config.warmUpMs, 0);
  requireNumber('joinOverMs', config.joinOverMs, 0);
  requireNumber('seed', config.seed, Number.NEGATIVE_INFINITY);
  requireWhole('subnets.length', config.subnets.length, 1, 256);
  for (const [index, subnet] of config.subnets.entries()) {
    requireWhole(`subnets[${index}].prefixLength`, subnet.prefixLength ?? 18, 16, 28);
    requireNumber(`subnets[${index}].usedShare`, subnet.usedShare ?? 0, 0, 1);
    requireNumber(`subnets[${index}].fragmentation`, subnet.fragmentation ?? 0, 0, 1);
  }
  checkEc2(config.ec2);
}

function checkEc2({ latencyMs, buckets, ...ec2 }: Ec2Config): void {
  for (const action of EC2_CALLS) {
    requireNumber(`ec2.latencyMs.${action}`, latencyMs[action], 0);
  }
  requireNumber('ec2.throttledLatencyMs', ec2.throttledLatencyMs, 0);
  requireNumber('ec2.attachDelayMs', ec2.attachDelayMs, 0);
  requireNumber('ec2.detachDelayMs', ec2.detachDelayMs, 0);
  requireNumber('ec2.jitter', ec2.jitter, 0);
  checkBucket('ec2.mutatingBucket', ec2.mutatingBucket);
  checkBucket('ec2.readingBucket', ec2.readingBucket);
  for (const [action, size] of Object.entries(buckets)) {
    if (!EC2_CALLS.includes(action as Ec2Call)) {
      throw invalid('ec2.buckets', action, `one of ${EC2_CALLS.join(', ')}`);
    }
    checkBucket(`ec2.buckets.${action}`, size);
  }
}

function checkBucket(name: string, { burst, perSecond }: BucketSize): void {
  requireNumber(`${name}.burst`, burst, 1);
  requireNumber(`${name}.perSecond`, perSecond, Number.MIN_VALUE);
}

function requireWhole(name: string, value: unknown, least: number, most = Infinity): void {
  if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
    throw invalid(name, value, `a whole number ${range(least, most)}`);
  }
}

function requireNumber(name: string, value: unknown, least: number, most = Infinity): void {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least || value > most) {
    throw invalid(name, value, `a number ${range(least, most)}`);
  }
}

function range(least: number, most: number): string {
  if (most !== Infinity) {
    return `from ${least} to ${most}`;
  }
  return least === Number.MIN_VALUE ? 'above 0' : `from ${least}`;
}

const invalid = (name: string, value: unknown, expected: string) =>
  new WarmPoolError(
    'invalid-option',
    `setting up a simulation: expected ${name} to be ${expected}, got ${value}`,
    { facts: { name, value: String(value) } },
  );
