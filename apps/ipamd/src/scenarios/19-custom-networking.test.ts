import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Subnet } from '@vpc-cni/aws-emulator';
import {
  addEniConfig,
  changeNode,
  IN_CLUSTER,
  registerNode,
  removeEniConfig,
  requestsOf,
} from './cluster.fixture.ts';
import { enisOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 19: custom networking. Pods have subnets and security groups of their own.

const ENVIRONMENT = { ...IN_CLUSTER, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' };
const ZONE_KEY = 'topology.kubernetes.io/zone';

let world: World;
let node: Node;
let podSubnet: Subnet;
let podGroup: string;

beforeEach(async () => {
  world = await createWorld({ environment: ENVIRONMENT });
  podSubnet = world.addSubnet('10.0.64.0/20');
  const { vpcId } = world.subnet;
  podGroup = world.cloud.addSecurityGroup({ vpcId, name: 'pods' }).securityGroupId;
  node = await world.newNode();
});
afterEach(async () => {
  expect(world.violations).toEqual([]);
  await world.close();
});

const secondaryEnis = () =>
  enisOf(world.cloud, node.instance.instanceId).filter(({ isPrimary }) => !isPrimary);
const primaryEni = () =>
  enisOf(world.cloud, node.instance.instanceId).find(({ isPrimary }) => isPrimary);

async function startAndSettle(): Promise<void> {
  node.start();
  await world.clock.advance(30_000);
}

test.each([
  { mode: 'addresses', held: 'secondaryAddresses', extra: {} },
  { mode: 'prefixes', held: 'prefixes', extra: { ENABLE_PREFIX_DELEGATION: 'true' } },
] as const)(
  'pods get $mode of the subnet that the ENIConfig names, and none of the node’s own',
  async ({ held, extra }) => {
    registerNode(world.cluster, { labels: { [ZONE_KEY]: 'us-west-2a' } });
    const spec = { subnet: podSubnet.subnetId, securityGroups: [podGroup] };
    addEniConfig(world.cluster, 'us-west-2a', spec);
    node = await world.newNode({ ...ENVIRONMENT, ...extra, ENI_CONFIG_LABEL_DEF: ZONE_KEY });
    await startAndSettle();
    const reply = await world.settle(node.add('web'));
    expect(reply).toMatchObject({
      reservations: [{ address: expect.stringMatching(/^10\.0\.64\./) }],
    });
    expect(primaryEni()).toMatchObject({ secondaryAddresses: [], prefixes: [] });
    expect(secondaryEnis()).not.toEqual([]);
    for (const eni of secondaryEnis()) {
      expect(eni).toMatchObject({ subnetId: podSubnet.subnetId, securityGroupIds: [podGroup] });
      expect(eni[held]).not.toEqual([]);
    }
    await world.clock.advance(60_000);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  },
);

test('without security groups of its own, ENIs get those of the primary ENI', async () => {
  registerNode(world.cluster);
  addEniConfig(world.cluster, 'default', { subnet: podSubnet.subnetId });
  await startAndSettle();
  expect(secondaryEnis()[0]?.securityGroupIds).toEqual(primaryEni()?.securityGroupIds);
  await node.stop();
});

test('ENIs keep their groups when those of the primary ENI change', async () => {
  registerNode(world.cluster);
  const spec = { subnet: podSubnet.subnetId, securityGroups: [podGroup] };
  addEniConfig(world.cluster, 'default', spec);
  await startAndSettle();
  const { vpcId } = world.subnet;
  const other = world.cloud.addSecurityGroup({ vpcId, name: 'other' }).securityGroupId;
  await world.cloud.outside.setSecurityGroups(node.instance.primaryEniId, [other]);
  await world.clock.advance(120_000);
  expect(secondaryEnis().map(({ securityGroupIds }) => securityGroupIds)).toContainEqual([
    podGroup,
  ]);
  await node.stop();
});

describe('an ENIConfig that is not there yet', () => {
  test('is named to pods and people, and used within half a minute of its creation', async () => {
    registerNode(world.cluster, { annotations: { 'k8s.amazonaws.com/eniConfig': 'late' } });
    await startAndSettle();
    const refused = await world.settle(node.add('early'));
    expect(refused).toMatchObject({
      reason: 'kubernetes',
      message: expect.stringContaining('eniconfigs.crd.k8s.amazonaws.com "late" not found'),
    });
    addEniConfig(world.cluster, 'late', { subnet: podSubnet.subnetId });
    await world.clock.advance(40_000);
    expect(await world.settle(node.add('late'))).toMatchObject({ kind: 'reserved' });
    await node.stop();
  });

  test('is not asked for without pause', async () => {
    registerNode(world.cluster);
    await startAndSettle();
    await world.clock.advance(600_000);
    const asked = requestsOf(world.cluster).filter((request) => request === 'get eniconfigs');
    expect(asked.length).toBeLessThan(35);
    await node.stop();
  });
});

test.each([
  {
    name: 'a subnet of another zone',
    spec: (elsewhere: Subnet) => ({ subnet: elsewhere.subnetId }),
    says: /is in us-west-2b, and the node in us-west-2a/,
  },
  {
    name: 'no subnet at all',
    spec: () => ({ subnet: '' }),
    says: /spec\.subnet is "", expected the id of a subnet/,
  },
])('an ENIConfig with $name is refused, before EC2 is asked for an ENI', async ({ spec, says }) => {
  const { vpcId } = world.subnet;
  const elsewhere = { vpcId, cidr: '10.0.128.0/20', availabilityZone: 'us-west-2b' };
  registerNode(world.cluster);
  addEniConfig(world.cluster, 'default', spec(world.cloud.addSubnet(elsewhere)));
  await startAndSettle();
  expect(await world.settle(node.add('web'))).toMatchObject({
    reason: 'kubernetes',
    message: expect.stringMatching(says),
  });
  expect(world.takeCalls()).not.toContain('CreateNetworkInterface');
  await node.stop();
});

test('another ENIConfig counts from the next ENI on, without a restart', async () => {
  const other = world.addSubnet('10.0.96.0/20');
  registerNode(world.cluster, { labels: { 'k8s.amazonaws.com/eniConfig': 'one' } });
  addEniConfig(world.cluster, 'one', { subnet: podSubnet.subnetId });
  addEniConfig(world.cluster, 'two', { subnet: other.subnetId });
  await startAndSettle();
  changeNode(world.cluster, { metadata: { labels: { 'k8s.amazonaws.com/eniConfig': 'two' } } });
  const before = secondaryEnis().length;
  await Promise.all(
    Array.from({ length: 9 }, (_, count) => world.settle(node.add(`pod-${count}`))),
  );
  await world.clock.advance(30_000);
  expect(secondaryEnis().length).toBeGreaterThan(before);
  expect(secondaryEnis().at(-1)?.subnetId).toBe(other.subnetId);
  await node.stop();
});

describe('while the API server is away', () => {
  beforeEach(() => {
    registerNode(world.cluster);
    addEniConfig(world.cluster, 'default', { subnet: podSubnet.subnetId });
  });

  test('the last state of the ENIConfig counts', async () => {
    await startAndSettle();
    await world.cluster.knobs.setUnavailable('hanging');
    const adding = Array.from({ length: 18 }, (_, count) => node.add(`pod-${count}`));
    const replies = await world.settle(Promise.all(adding));
    expect(replies.map(({ kind }) => kind)).toEqual(Array(18).fill('reserved'));
    await node.stop();
  });

  test('but not one that was deleted', async () => {
    await startAndSettle();
    removeEniConfig(world.cluster, 'default');
    const adding = Array.from({ length: 18 }, (_, count) => node.add(`pod-${count}`));
    const replies = await world.settle(Promise.all(adding));
    expect(replies.map(({ kind }) => kind)).toContain('refused');
    await node.stop();
  });

  test('the start waits, and says for what', async () => {
    await world.cluster.knobs.setUnavailable('refused');
    await startAndSettle();
    expect(node.daemon.phase).toMatchObject({
      name: expect.stringMatching(
        /reading node .* \(Kubernetes, for AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG\)/,
      ),
      failure: expect.stringContaining('[unreachable]'),
    });
    await world.cluster.knobs.setUnavailable(false);
    expect(await world.settle(node.add('web'))).toMatchObject({ kind: 'reserved' });
    await node.stop();
  });
});

test('without the right to describe subnets, metadata tells what is needed', async () => {
  world.cloud.knobs.deny('DescribeSubnets');
  registerNode(world.cluster);
  addEniConfig(world.cluster, 'default', { subnet: podSubnet.subnetId });
  await startAndSettle();
  expect(await world.settle(node.add('web'))).toMatchObject({ kind: 'reserved' });
  await world.clock.advance(90_000);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});
