import { limitsOf } from '../../limits/limits-of.ts';
import type { MaxPodsLimits } from '../../max-pods.ts';
import type { SimulationConfig } from '../../simulator/config.ts';
import type { SubnetConfig } from '../../simulator/subnet-space.ts';
import type { BucketSize } from '../../simulator/token-bucket.ts';
import type { Trace } from '../../simulator/trace.ts';
import {
  type Arguments,
  type OptionSpecs,
  readCount,
  readDuration,
  readKeyed,
  readShare,
} from './arguments.ts';
import { CliError } from './cli-error.ts';
import type { Terminal } from './terminal.ts';
import { readTraces, TRACE_HELP } from './trace-option.ts';

/** Options of every command that simulates. */
export const SCENARIO_OPTIONS: OptionSpecs = {
  instance: { value: 'TYPE', help: 'instance type, such as m5.large' },
  enis: { value: 'N', help: 'ENIs, for a type that the built-in table does not have' },
  'addresses-per-eni': { value: 'N', help: 'IPv4 addresses of an ENI, for such a type' },
  trace: { value: 'PODS', repeated: true, help: TRACE_HELP },
  for: { value: 'TIME', help: 'how long to look; default 1h, or 24h for diurnal' },
  set: {
    value: 'VARIABLE=N',
    repeated: true,
    help: 'a variable of the DaemonSet: WARM_IP_TARGET=5',
  },
  nodes: { value: 'N', help: 'nodes that share the EC2 quota and the subnets; default 1' },
  'max-pods': { value: 'N', help: 'pods of a node; default as the limits allow' },
  subnet: {
    value: 'SIZE',
    repeated: true,
    help: '/24:used=0.2,fragmented=0.5; default one /18, all of it free',
  },
  'warm-up': { value: 'TIME', help: 'how long before the pods the first node joins; default 5m' },
  'join-over': { value: 'TIME', help: 'time within which the nodes join; default 0s' },
  'add-hold': { value: 'TIME', help: 'how long the default strategy holds an ADD; default 30s' },
  writes: {
    value: 'B/R',
    help: 'quota of each changing EC2 action: burst/per second; default 50/5',
  },
  reads: { value: 'B/R', help: 'quota of each reading EC2 action; default 100/20' },
  seed: { value: 'N', help: 'another number, other chances; default 1' },
};

/** Pods, and where they run; the strategy and its targets are still open. */
export interface Scenario {
  readonly trace: Trace;
  readonly config: Omit<SimulationConfig, 'strategy' | 'targets'>;
  /** In words, for a reader. */
  readonly title: string;
}

export async function readScenario(args: Arguments, terminal: Terminal): Promise<Scenario> {
  const seed = optional(args, 'seed', readCount) ?? 1;
  const durationMs = optional(args, 'for', readDuration);
  const trace = await readTraces(args.values('trace'), { durationMs, seed }, terminal);
  const limits = readLimits(args);
  const nodeCount = optional(args, 'nodes', (field, value) => readCount(field, value, 1));
  const subnets = args.values('subnet').map(readSubnet);
  const mutatingBucket = optional(args, 'writes', readBucket);
  const readingBucket = optional(args, 'reads', readBucket);
  const settings = {
    nodeCount,
    maxPods: optional(args, 'max-pods', readCount),
    warmUpMs: optional(args, 'warm-up', readDuration),
    joinOverMs: optional(args, 'join-over', readDuration),
    addHoldMs: optional(args, 'add-hold', readDuration),
    subnets: subnets.length === 0 ? undefined : subnets,
  };
  const where =
    args.value('instance') ?? `${limits.maxEnis} ENIs × ${limits.addressesPerEni} addresses`;
  const what = args.values('trace').join(' + ');
  return {
    trace,
    title: nodeCount === undefined ? `${what} on ${where}` : `${what} on ${nodeCount} × ${where}`,
    config: {
      limits,
      seed,
      ec2: {
        ...(mutatingBucket === undefined ? {} : { mutatingBucket }),
        ...(readingBucket === undefined ? {} : { readingBucket }),
      },
      ...(Object.fromEntries(
        Object.entries(settings).filter(([, value]) => value !== undefined),
      ) as { [Name in keyof typeof settings]?: NonNullable<(typeof settings)[Name]> }),
    },
  };
}

/** The built-in table's, or what was given by hand. */
export function readLimits(args: Arguments): MaxPodsLimits {
  const maxEnis = optional(args, 'enis', (field, value) => readCount(field, value, 1));
  const perEni = optional(args, 'addresses-per-eni', (field, value) => readCount(field, value, 2));
  if (maxEnis !== undefined && perEni !== undefined) {
    return { maxEnis, addressesPerEni: perEni };
  }
  const type = args.value('instance');
  if (type === undefined) {
    throw new CliError('--instance', '', 'name a type, or give --enis and --addresses-per-eni');
  }
  return knownLimits('--instance', type);
}

export function knownLimits(field: string, type: string) {
  const limits = limitsOf(type);
  if (limits === undefined) {
    throw new CliError(
      field,
      type,
      'the built-in table does not have it: check the spelling, or for a newer type give --enis and --addresses-per-eni',
    );
  }
  return limits;
}

function readSubnet(text: string): SubnetConfig {
  const field = '--subnet';
  const { name, value } = readKeyed(field, text, ['used', 'fragmented']);
  const prefixLength = readCount(field, name.replace(/^\//, ''), 16);
  if (prefixLength > 28) {
    throw new CliError(field, text, 'give a prefix length from /16 to /28');
  }
  const [used, fragmented] = [value('used'), value('fragmented')];
  return {
    prefixLength,
    ...(used === undefined ? {} : { usedShare: readShare(`${field} used`, used) }),
    ...(fragmented === undefined
      ? {}
      : { fragmentation: readShare(`${field} fragmented`, fragmented) }),
  };
}

function readBucket(field: string, text: string): BucketSize {
  const [, burst = '', perSecond = ''] = /^(\d+)\/(\d*\.?\d+)$/.exec(text) ?? [];
  if (Number(burst) < 1 || !(Number(perSecond) > 0)) {
    throw new CliError(field, text, 'write burst/per second, such as 50/5');
  }
  return { burst: Number(burst), perSecond: Number(perSecond) };
}

export function optional<Value>(
  args: Arguments,
  name: string,
  read: (field: string, value: string) => Value,
): Value | undefined {
  const value = args.value(name);
  return value === undefined ? undefined : read(`--${name}`, value);
}
