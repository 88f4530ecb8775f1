import {
  createEmulator,
  type Emulator,
  type JournalEntry,
  type Subnet,
} from '@vpc-cni/aws-emulator';
import type { Environment } from '@vpc-cni/config';
import { createAwsEc2 } from '@vpc-cni/eni-allocator';
import { createKubernetesEmulator, type KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { createNode, type Node } from './node.fixture.ts';
import { createWitness, type Witness } from './witness.fixture.ts';

/** An emulated VPC on a clock that a test moves by hand; nothing in it opens a socket. */
export interface World {
  readonly cloud: Emulator;
  /** Where nodes are that have `MY_NODE_NAME` in their environment. */
  readonly cluster: KubernetesEmulator;
  readonly clock: FakeClock;
  /** The subnet that nodes are started in. */
  readonly subnet: Subnet;
  /** Another subnet of the same VPC and zone. */
  addSubnet(cidr: string, tags?: Readonly<Record<string, string>>): Subnet;
  /** Starts an instance. */
  newNode(environment?: Environment, instanceType?: string): Promise<Node>;
  /** EC2 calls since the last look, such as `AssignPrivateIpAddresses`. */
  takeCalls(): readonly string[];
  /** The same with all that is known of them. */
  takeEntries(): readonly JournalEntry[];
  /** Lets time pass until the promise has settled; fails after `limitMs`. */
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  readonly witness: Witness;
  /** What was wrong with addresses when they were handed out. */
  readonly violations: readonly string[];
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly instanceType?: string;
  readonly subnetCidr?: string;
  readonly environment?: Environment;
  /** VPC, subnets and nodes have IPv6 beside IPv4. Default false. */
  readonly hasIpv6?: boolean;
  /** How long EC2 takes, ms. Default: as operators measure it. */
  readonly latencyMs?: Partial<Emulator['knobs']['latencyMs']>;
  /** What the clock says at first, Unix milliseconds. */
  readonly startMs?: number;
  /** From the attach call to the link. Default 2 s. */
  readonly attachDelayMs?: number;
}

const ZONE = { availabilityZone: 'us-west-2a' };
const REALISTIC_LATENCY_MS = {
  CreateNetworkInterface: 600,
  AssignPrivateIpAddresses: 400,
  ec2: 100,
};
const STEP_MS = 50;
/** The daemon's default. */
const COOLDOWN_S = 30;

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const {
    instanceType = 'm5.large',
    subnetCidr = '10.0.0.0/22',
    attachDelayMs = 2_000,
    hasIpv6 = false,
  } = options;
  const clock = createFakeClock(options.startMs);
  const cloud = createEmulator({ clock, attachDelayMs });
  const cluster = createKubernetesEmulator({ clock });
  const { vpcId } = cloud.addVpc({
    cidr: '10.0.0.0/16',
    ...(hasIpv6 ? { ipv6Cidr: '2001:db8::/56' } : {}),
  });
  let subnetCount = 0;
  const nextIpv6Cidr = () => {
    subnetCount += 1;
    return hasIpv6 ? { ipv6Cidr: `2001:db8:0:${subnetCount}::/64` } : {};
  };
  const addSubnet: World['addSubnet'] = (cidr, tags = {}) =>
    cloud.addSubnet({ vpcId, cidr, tags, ...ZONE, ...nextIpv6Cidr() });
  const subnet = addSubnet(subnetCidr);
  await loadSdk(cloud);
  Object.assign(cloud.knobs.latencyMs, options.latencyMs ?? REALISTIC_LATENCY_MS);

  const cooldownS = Number(options.environment?.['IP_COOLDOWN_PERIOD'] ?? COOLDOWN_S);
  const witness = createWitness(cloud, clock, 1_000 * cooldownS);
  let seenCount = cloud.journal.length;
  const takeEntries = () => {
    const entries = cloud.journal.slice(seenCount).filter(({ service }) => service === 'ec2');
    seenCount = cloud.journal.length;
    return entries;
  };

  return {
    cloud,
    cluster,
    clock,
    subnet,
    addSubnet,
    newNode: async (environment = options.environment ?? {}, type = instanceType) => {
      const { subnetId } = subnet;
      const instance = await cloud.runInstance({
        subnetId,
        instanceType: type,
        ipv6Address: hasIpv6,
      });
      return createNode({ cloud, cluster, clock, witness }, instance, environment);
    },
    witness,
    violations: witness.violations,
    takeEntries,
    takeCalls: () => takeEntries().map(({ operation }) => operation),
    settle: async (promise, limitMs = 600_000) => {
      let isSettled = false;
      const note = () => {
        isSettled = true;
      };
      promise.then(note, note);
      for (const stopAtMs = clock.nowMs() + limitMs; !isSettled; ) {
        if (clock.nowMs() > stopAtMs) throw new Error(`not settled after ${limitMs} ms`);
        await clock.advance(STEP_MS);
      }
      return promise;
    },
    close: async () => {
      await cluster.close();
      await cloud.close();
    },
  };
}

/** The SDK is loaded with the first call of a process, which takes real time. */
async function loadSdk(cloud: Emulator): Promise<void> {
  const ec2 = createAwsEc2({
    region: cloud.region,
    requestHandler: cloud.inProcess.ec2,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  await ec2.describeEnis({ eniIds: ['eni-00000000000000000'] });
}
