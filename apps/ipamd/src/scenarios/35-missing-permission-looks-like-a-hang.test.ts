import { afterEach, describe, expect, test } from '@jest/globals';
import type { Ec2Action } from '@vpc-cni/eni-allocator';
import { readPolicy, without } from './iam-policy.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// Pain 35: a permission that is missing, or an endpoint that does not answer, looks like a hang.

const NAMED_WITHIN_MS = 5_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEP_MS = 250;

let world: World;
let node: Node;
afterEach(() => world.close());

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

const names = (count: number) => Array.from({ length: count }, (_, n) => `pod-${n}`);

/** Adds pods at once. */
const add = (count: number) => Promise.all(names(count).map((podName) => node.add(podName)));

async function joined(): Promise<void> {
  node.start();
  await world.clock.advance(20_000);
}

/** Something that takes the action. */
interface Story extends WorldOptions {
  /** Pods that there are in the end, once EC2 does everything again. */
  readonly podCount: number;
  /** While EC2 still does everything. */
  readonly before?: () => Promise<unknown>;
  readonly during: () => Promise<unknown>;
}

const firstPod: Story = {
  podCount: 1,
  during: () => {
    node.start();
    return add(1);
  },
};
/** m5.large has 9 pod addresses on its first ENI. */
const twelvePods: Story = {
  podCount: 12,
  environment: { WARM_IP_TARGET: '1' },
  before: joined,
  during: () => add(12),
};
const fewerPods: Story = {
  podCount: 2,
  environment: { WARM_IP_TARGET: '1' },
  before: async () => {
    await joined();
    await world.settle(add(14));
  },
  during: async () => {
    for (const podName of names(14).slice(2)) await node.del(podName);
  },
};
const firstIpv6Pod: Story = {
  ...firstPod,
  hasIpv6: true,
  environment: { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' },
};
const newType: Story = { ...firstPod, instanceType: TOO_NEW.instanceType };

interface Case {
  readonly story: Story;
  /** Pods that have an address all the same; where two figures differ, while it is not answered. */
  readonly served: number;
  readonly servedUnanswered?: number;
}

/**
 * `DescribeInstances` is missing: the pool knows which slots it has, so a daemon never comes to ask for
 * it. What the allocator does without is in its own tests. Nor are IPv6 prefixes ever given back.
 */
const cases: Readonly<
  Record<Exclude<Ec2Action, 'DescribeInstances' | 'UnassignIpv6Addresses'>, Case>
> = {
  DescribeSubnets: { story: firstPod, served: 1 },
  CreateTags: { story: firstPod, served: 1 },
  DescribeInstanceTypes: { story: newType, served: 1, servedUnanswered: 0 },
  DescribeNetworkInterfaces: { story: firstPod, served: 0 },
  // A new ENI brings its addresses with it.
  AssignIpv6Addresses: { story: firstIpv6Pod, served: 0 },
  AssignPrivateIpAddresses: { story: firstPod, served: 1 },
  CreateNetworkInterface: { story: twelvePods, served: 9 },
  AttachNetworkInterface: { story: twelvePods, served: 9 },
  ModifyNetworkInterfaceAttribute: { story: twelvePods, served: 9 },
  UnassignPrivateIpAddresses: { story: fewerPods, served: 2 },
  DetachNetworkInterface: { story: fewerPods, served: 2 },
  DeleteNetworkInterface: { story: fewerPods, served: 2 },
};

/** What the daemon says of an action: in its log, or as what it waits for. */
function isNamed(action: Ec2Action): boolean {
  const { log, phase } = node.daemon;
  const said = [phase.failure ?? '', ...log.flatMap(({ text, facts }) => [text, messageIn(facts)])];
  return said.some((one) => one.includes(`ec2:${action}`));
}

const messageIn = (facts: object): string =>
  'err' in facts && facts.err instanceof Error ? facts.err.message : '';

/** Requests of the action so far, whether or not they were answered. */
const askedCount = (action: Ec2Action) => countOf('ec2Requests', action);

async function countOf(of: 'ec2Requests' | 'ec2Errors', action: Ec2Action): Promise<number> {
  const { values } = await node.daemon.metrics[of].get();
  return values.find(({ labels }) => labels.fn === action)?.value ?? 0;
}

/** Time from the first request of the action to its first mention, ms. */
async function timeToName(action: Ec2Action): Promise<number> {
  let askedAtMs: number | undefined;
  const before = await askedCount(action);
  for (const stopAtMs = world.clock.nowMs() + HOUR_MS; world.clock.nowMs() < stopAtMs; ) {
    await world.clock.advance(STEP_MS);
    if ((await askedCount(action)) > before) askedAtMs ??= world.clock.nowMs() - STEP_MS;
    if (askedAtMs !== undefined && isNamed(action)) return world.clock.nowMs() - askedAtMs;
  }
  return askedAtMs === undefined ? Number.NaN : Number.POSITIVE_INFINITY;
}

const policyFor = ({ hasIpv6 = false }: WorldOptions) =>
  readPolicy(hasIpv6 ? 'AmazonEKS_CNI_IPv6_Policy' : 'AmazonEKS_CNI_Policy');

const ways = [
  {
    way: 'missing from the policy',
    begin: (action: Ec2Action, story: Story) =>
      world.cloud.knobs.usePolicy(without(policyFor(story), `ec2:${action}`)),
    end: (_: Ec2Action, story: Story) => world.cloud.knobs.usePolicy(policyFor(story)),
  },
  {
    way: 'not answered',
    begin: (action: Ec2Action) => world.cloud.knobs.hang(action),
    end: (action: Ec2Action) => world.cloud.knobs.resume(action),
  },
];

const all = ways.flatMap(({ way, ...knob }) =>
  Object.entries(cases).map(([action, { story, served, servedUnanswered = served }]) => ({
    ...knob,
    way,
    story,
    action: action as Ec2Action, // a key of the table
    served: way === 'not answered' ? servedUnanswered : served,
  })),
);

test.each(all)('ec2:$action, $way, is named, and costs nobody else anything', async (given) => {
  const { way, action, story, served, begin, end } = given;
  const { podCount, before = async () => {}, during, ...options } = story;
  world = await createWorld(options);
  world.cloud.setInstanceType(TOO_NEW);
  node = await world.newNode();
  await before();
  begin(action, story);
  const outcome = during();
  expect(await timeToName(action)).toBeLessThanOrEqual(NAMED_WITHIN_MS);
  if (way !== 'not answered') expect(await countOf('ec2Errors', action)).toBeGreaterThan(0);
  await world.clock.advance(100_000);
  expect(node.site.host.pods.size).toBe(served);

  end(action, story);
  await world.settle(outcome);
  await world.clock.advance(2 * MINUTE_MS);
  await world.settle(add(podCount));
  expect(node.site.host.pods.size).toBe(podCount);
  await world.clock.advance(MINUTE_MS);
  expect(problemsOf(node)).toEqual([]);
  expect(world.violations).toEqual([]);
  await node.stop();
});

const IMDS = 'http://169.254.169.254';
const MODIFY = 'aws ec2 modify-instance-metadata-options';

describe('instance metadata that is', () => {
  test.each([
    {
      way: 'turned off',
      begin: () => world.cloud.knobs.deny('imds'),
      says: `[disabled] reading meta-data/mac: ${IMDS} gives no session token (HTTP 403); turn metadata on for the instance: ${MODIFY} --http-endpoint enabled`,
    },
    {
      way: 'not answered',
      begin: () => world.cloud.knobs.hang('imds'),
      says: `[unreachable] reading meta-data/mac: ${IMDS} gives no usable answer (no complete answer within 20000 ms); see that the process runs in the host's network, or that the instance's metadata hop limit lets it through`,
    },
    {
      way: 'too many hops away',
      begin: () => world.cloud.knobs.hang('imds-token'),
      says: `[hop-limit] reading meta-data/mac: ${IMDS} can be reached, but the session token it gives does not arrive; run in the host's network, or raise the limit: ${MODIFY} --http-put-response-hop-limit 2`,
    },
  ])('$way is what the daemon says it waits for', async ({ begin, says }) => {
    world = await createWorld();
    node = await world.newNode();
    begin();
    node.start();
    await world.clock.advance(STEP_MS);
    expect(node.daemon.phase.name).toBe('reading instance metadata (IMDS)');
    await world.clock.advance(25_000);
    expect(node.daemon.phase.failure).toBe(says);
    await node.stop();
  });
});
