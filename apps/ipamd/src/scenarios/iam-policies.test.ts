// The policies of deploy/iam, each as the only one a node has. That one action less is named, and what it costs, is
// in 35-missing-permission-looks-like-a-hang.test.ts.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { IamPolicy } from '@vpc-cni/aws-emulator';
import { actionsOf, readPolicy, without } from './iam-policy.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

const CLUSTER_NAME = 'blue';
/** What is leaked goes when it is seen for the second time. */
const TWO_SWEEPS_MS = 4 * 3_600_000 + 60_000;

let world: World;
afterEach(() => world.close());

const names = (count: number) => Array.from({ length: count }, (_, n) => `pod-${n}`);

async function nodeWith(
  policy: string | IamPolicy,
  environment: Readonly<Record<string, string>>,
): Promise<Node> {
  world = await createWorld({ instanceType: 't3.small' }); // 3 ENIs of 3 slots for pods
  const node = await world.newNode(environment);
  const { instanceId } = node.instance;
  world.cloud.outside.tag(instanceId, { [`kubernetes.io/cluster/${CLUSTER_NAME}`]: 'owned' });
  const VPC_ARN = `arn:aws:ec2:us-west-2:123456789012:vpc/${world.subnet.vpcId}`;
  world.cloud.knobs.usePolicy(
    typeof policy === 'string' ? readPolicy(policy, { CLUSTER_NAME, VPC_ARN }) : policy,
  );
  return node;
}

/** Joins, grows beyond its first ENI, gets other security groups, shrinks, and finds an ENI that another node lost. */
async function wholeLife(node: Node, podCount: number): Promise<void> {
  const { cloud, clock } = world;
  node.start();
  await clock.advance(20_000);
  await world.settle(Promise.all(names(podCount).map((podName) => node.add(podName))));
  expect(node.site.host.pods.size).toBe(podCount);

  const { vpcId, subnetId } = world.subnet;
  const { securityGroupId } = cloud.addSecurityGroup({ vpcId, name: 'other' });
  cloud.outside.setSecurityGroups(node.instance.primaryEniId, [securityGroupId]);
  const lost = await cloud.outside.createEni({
    subnetId,
    description: 'aws-K8S-i-lost',
    tags: {
      'node.k8s.amazonaws.com/instance_id': 'i-lost',
      'node.k8s.amazonaws.com/createdAt': '2020-01-01T00:00:00Z',
      'cluster.k8s.amazonaws.com/name': CLUSTER_NAME,
    },
  });
  await clock.advance(120_000);

  for (const podName of names(podCount).slice(1)) await node.del(podName);
  await clock.advance(TWO_SWEEPS_MS);
  const { enis } = cloud.describe();
  expect(enis.filter(({ instanceId }) => instanceId === node.instance.instanceId)).toHaveLength(1);
  expect(enis.map(({ eniId }) => eniId)).not.toContain(lost.eniId);
}

/** EC2 calls since the last look: the actions, and what was refused. */
function takeCalls() {
  const entries = world.takeEntries();
  const refused = entries.filter(({ outcome }) => outcome === 'UnauthorizedOperation');
  return { actions: new Set(entries.map(({ operation }) => `ec2:${operation}`)), refused };
}

/** Upstream's policy has them; this daemon comes to ask for them in other lives, or never. */
const NOT_IN_THIS_LIFE = [
  'ec2:DescribeInstanceTypes', // of an instance type that the built-in table does not have
  'ec2:DescribeInstances', // when it does not know which device numbers are free
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeTags',
];

describe('a node lives its whole life on', () => {
  const modes = [
    { mode: 'addresses', podCount: 5, environment: {} },
    { mode: 'prefixes', podCount: 50, environment: { ENABLE_PREFIX_DELEGATION: 'true' } },
  ];
  const cases = ['AmazonEKS_CNI_Policy', 'scoped-down'].flatMap((policy) =>
    modes.map((mode) => ({ policy, ...mode })),
  );

  test.each(cases)('$policy alone, with $mode', async ({ policy, podCount, environment }) => {
    const usual = { CLUSTER_NAME, WARM_IP_TARGET: '1', MINIMUM_IP_TARGET: '1' };
    const node = await nodeWith(policy, { ...usual, ...environment });
    await wholeLife(node, podCount);
    const { actions, refused } = takeCalls();
    expect(refused).toEqual([]);
    expect([...actions, ...NOT_IN_THIS_LIFE].toSorted()).toEqual(
      expect.arrayContaining([...actionsOf(readPolicy(policy))]),
    );
    expect(problemsOf(node)).toEqual([]);
    expect(world.violations).toEqual([]);
    await node.stop();
  });

  test.each([
    {
      what: 'no-provisioning alone',
      policy: 'no-provisioning',
      environment: {
        DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true',
        ENABLE_SUBNET_DISCOVERY: 'false',
      },
    },
    {
      what: 'no permission at all',
      policy: { Version: '2012-10-17', Statement: [] } as const,
      environment: { ENABLE_IMDS_ONLY_MODE: 'true' },
    },
  ])('$what, with addresses that others assign', async ({ policy, environment }) => {
    const node = await nodeWith(policy, environment);
    await world.cloud.outside.assign(node.instance.primaryEniId, { addressCount: 3 });
    node.start();
    await world.clock.advance(20_000);
    await world.settle(Promise.all(names(3).map((podName) => node.add(podName))));
    expect(node.site.host.pods.size).toBe(3);
    for (const podName of names(3)) await node.del(podName);
    await world.clock.advance(TWO_SWEEPS_MS);
    expect(takeCalls().refused).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

test('what is missing is named where EC2 wants two permissions: new ENIs come with tags', async () => {
  const node = await nodeWith('AmazonEKS_CNI_Policy', { WARM_IP_TARGET: '1' });
  const policy = readPolicy('AmazonEKS_CNI_Policy');
  world.cloud.knobs.usePolicy(without(policy, 'ec2:CreateTags'));
  node.start();
  const replies = await world.settle(Promise.all(names(5).map((podName) => node.add(podName))));
  const refusals = replies.flatMap((reply) => (reply.kind === 'refused' ? [reply] : []));
  expect(refusals).toHaveLength(2);
  for (const { reason, message } of refusals) {
    expect(reason).toBe('permission');
    expect(message).toContain('see that the IAM role of the node allows ec2:CreateTags');
  }
  await node.stop();
});

test('scoped down, ENIs of other clusters and instances are out of reach', async () => {
  const node = await nodeWith('scoped-down', { CLUSTER_NAME: 'green', WARM_IP_TARGET: '1' });
  node.start();
  await world.clock.advance(20_000);
  const { refused } = takeCalls();
  expect(refused.map(({ operation }) => operation)).toContain('AssignPrivateIpAddresses');
  await node.stop();
});

describe('docs/iam.md', () => {
  const text = readFileSync(new URL('../../../../docs/iam.md', import.meta.url), 'utf8');
  /** The action of each row: `| \`ec2:…\` | … |`. */
  const documented = [...text.matchAll(/^\| `(ec2:\w+)` \|/gm)].map(([, action]) => action);

  test('says of every action of every policy what it is for, and what happens without', () => {
    const policies = [
      'AmazonEKS_CNI_Policy',
      'AmazonEKS_CNI_IPv6_Policy',
      'scoped-down',
      'no-provisioning',
    ];
    const actions = policies.flatMap((name) => actionsOf(readPolicy(name)));
    expect(documented.toSorted()).toEqual([...new Set(actions)].toSorted());
  });
});
