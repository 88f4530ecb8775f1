import { afterEach, expect, test } from '@jest/globals';
import { enisOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 01: whatever keeps a pod from getting an address, operators read the same sentence.
// Here: a daemon that is not ready yet names what it waits for, and goes on once that is there.

let world: World;
afterEach(() => world.close());

const CHECKPOINT = '/var/run/aws-node/ipam.json';
const NO_SPACE = 'ENOSPC: no space left on device';
/** Not in the built-in table. */
const TOO_NEW = {
  instanceType: 'x99.large',
  enisPerCard: [3],
  ipv4PerEni: 10,
  hypervisor: 'nitro',
  isBareMetal: false,
  vcpuCount: 2,
  memoryMib: 8_192,
} as const;

/** What keeps a daemon from getting ready, and what it says meanwhile. */
const heldUp: readonly {
  readonly phase: string;
  readonly instanceType?: string;
  readonly breaks: (world: World, node: Node) => unknown;
  readonly mends: (world: World, node: Node) => unknown;
  readonly failure: string;
}[] = [
  {
    phase: 'reading instance metadata (IMDS)',
    breaks: ({ cloud }) => cloud.knobs.setUnavailable('imds', 'refused'),
    mends: ({ cloud }) => cloud.knobs.setUnavailable('imds', false),
    failure:
      "[unreachable] reading meta-data/mac: http://169.254.169.254 gives no usable answer (the emulated service is away: ECONNREFUSED); see that the process runs in the host's network, or that the instance's metadata hop limit lets it through",
  },
  {
    phase: 'asking EC2 what the instance type can carry',
    instanceType: TOO_NEW.instanceType,
    breaks: ({ cloud }) => cloud.knobs.setUnavailable('ec2', 'refused'),
    mends: ({ cloud }) => cloud.knobs.setUnavailable('ec2', false),
    failure:
      '[unreachable] looking up the limits of x99.large (ec2:DescribeInstanceTypes): the emulated service is away: ECONNREFUSED; see that the node reaches the EC2 endpoint of its region; it is tried again',
  },
  {
    phase: 'reading the VPC CIDRs and security groups (IMDS)',
    breaks: ({ cloud }, node) => cloud.knobs.hideMetadata(vpcCidrsOf(cloud, node)),
    mends: ({ cloud }, node) => cloud.knobs.showMetadata(vpcCidrsOf(cloud, node)),
    failure:
      '[not-found] reading meta-data/network/interfaces/macs/02:ec:00:00:00:01/vpc-ipv4-cidr-blocks: http://169.254.169.254 does not know it',
  },
  {
    phase: 'reading the ENIs (IMDS and EC2)',
    breaks: ({ cloud }) => cloud.knobs.deny('DescribeNetworkInterfaces'),
    mends: ({ cloud }) => cloud.knobs.allow('DescribeNetworkInterfaces'),
    failure:
      '[not-permitted] describing eni-00000000000000001 (ec2:DescribeNetworkInterfaces): UnauthorizedOperation: You are not authorized to perform this operation; see that the IAM role of the node allows ec2:DescribeNetworkInterfaces',
  },
  {
    phase: `restoring pods from ${CHECKPOINT}`,
    breaks: (_, { site }) => {
      site.disk.files.set('ipam.json', '{"version":');
      site.disk.failure = NO_SPACE;
    },
    mends: (_, { site }) => {
      site.disk.failure = undefined;
    },
    failure: `[checkpoint-unwritable] moving away the checkpoint ${CHECKPOINT}: Error: ${NO_SPACE}`,
  },
  {
    phase: `writing ${CHECKPOINT}`,
    breaks: (_, { site }) => {
      site.disk.failure = NO_SPACE;
    },
    mends: (_, { site }) => {
      site.disk.failure = undefined;
    },
    failure: `[checkpoint-unwritable] writing the checkpoint ${CHECKPOINT}: Error: ${NO_SPACE}`,
  },
];

const vpcCidrsOf = (cloud: World['cloud'], { instance: { instanceId } }: Node) =>
  `network/interfaces/macs/${enisOf(cloud, instanceId)[0]?.mac}/vpc-ipv4-cidr-blocks`;

test.each(heldUp)(
  'a daemon that cannot go on says so while $phase',
  async ({ phase, instanceType, breaks, mends, failure }) => {
    world = await createWorld(instanceType === undefined ? {} : { instanceType });
    world.cloud.setInstanceType(TOO_NEW);
    const node = await world.newNode({ WARM_IP_TARGET: '1' });
    await breaks(world, node);
    node.start();
    await world.clock.advance(5_000);
    expect(node.daemon.phase).toEqual({ name: phase, failure });
    await mends(world, node);
    const reply = await world.settle(node.add('pod-0'));
    expect(reply.kind).toBe('reserved');
    await world.clock.advance(60_000);
    expect(problemsOf(node)).toEqual([]);
    expect(world.violations).toEqual([]);
    await node.stop();
  },
);
