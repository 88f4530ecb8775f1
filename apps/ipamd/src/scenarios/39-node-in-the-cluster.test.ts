import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { changeNode, IN_CLUSTER, registerNode, requestsOf } from './cluster.fixture.ts';
import { enisOf, podAddressesOf } from './ec2-view.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pains 9, 32, 35 and 39: what the daemon hears of its node, and how little that asks of the API server.

let world: World;
let node: Node;

beforeEach(async () => {
  world = await createWorld({ environment: { ...IN_CLUSTER, WARM_IP_TARGET: '8' } });
  node = await world.newNode();
});
afterEach(() => world.close());

const addressCount = () =>
  enisOf(world.cloud, node.instance.instanceId).flatMap(podAddressesOf).length;

test('the pool is never larger than max-pods of the node, and follows it', async () => {
  registerNode(world.cluster, { maxPods: 3 });
  node.start();
  await world.clock.advance(30_000);
  expect(addressCount()).toBe(3);
  changeNode(world.cluster, { status: { capacity: { pods: '6' } } });
  await world.clock.advance(3_000);
  expect(addressCount()).toBe(6);
  await node.stop();
});

test('a cordon stops growth at once, and its end lets it go on', async () => {
  registerNode(world.cluster);
  node.start();
  await world.clock.advance(30_000);
  changeNode(world.cluster, { spec: { unschedulable: true } });
  await world.settle(Promise.all(['a', 'b', 'c'].map((podName) => node.add(podName))));
  await world.clock.advance(30_000);
  expect(addressCount()).toBe(8);
  changeNode(world.cluster, { spec: { unschedulable: false } });
  await world.clock.advance(3_000);
  expect(addressCount()).toBe(11);
  await node.stop();
});

test.each(['refused', 'hanging', 'reset'] as const)(
  'a start while the API server is %s serves pods all the same, and catches up',
  async (mode) => {
    registerNode(world.cluster, { maxPods: 2 });
    await world.cluster.knobs.setUnavailable(mode);
    node.start();
    await world.clock.advance(5_000);
    expect(await world.settle(node.add('web'))).toMatchObject({ kind: 'reserved' });
    const named = node.daemon.log.filter(
      ({ level, text, facts }) =>
        level === 'warn' && /Kubernetes/.test(`${text} ${JSON.stringify(facts)}`),
    );
    expect(named.length).toBeGreaterThan(0);
    await world.cluster.knobs.setUnavailable(false);
    await world.clock.advance(90_000);
    expect(addressCount()).toBeLessThanOrEqual(9);
    expect(node.daemon.log.map(({ text }) => text)).toContain(
      'the Kubernetes API server answers again',
    );
    await node.stop();
  },
);

test('an hour of a quiet node is a list and a handful of watches, of its own object only', async () => {
  registerNode(world.cluster);
  for (let count = 0; count < 1_000; count += 1) {
    world.cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: `other-${count}` } });
  }
  node.start();
  await world.clock.advance(3_600_000);
  const requests = requestsOf(world.cluster);
  expect(requests.filter((request) => request !== 'watch nodes')).toEqual(['list nodes']);
  expect(requests.length).toBeLessThanOrEqual(14); // a watch lasts at least five minutes
  const selectors = new Set(world.cluster.journal.map(({ query }) => query['fieldSelector']));
  expect([...selectors]).toEqual([`metadata.name=${IN_CLUSTER.MY_NODE_NAME}`]);
  await node.stop();
});

describe('an action that EC2 does not allow', () => {
  const events = () => world.cluster.list({ apiVersion: 'v1', kind: 'Event' });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'aws-node-x', namespace: 'kube-system' },
    spec: { containers: [] },
  };

  test('is told by an event of the daemon’s own pod, once', async () => {
    const { uid } = world.cluster.create(pod).metadata;
    registerNode(world.cluster);
    world.cloud.knobs.deny('AssignPrivateIpAddresses');
    node.start({ ...IN_CLUSTER, MY_POD_NAME: 'aws-node-x' });
    await world.clock.advance(600_000);
    expect(events()).toMatchObject([
      {
        type: 'Warning',
        reason: 'MissingIAMPermissions',
        action: 'ec2:AssignPrivateIpAddresses',
        reportingComponent: 'aws-node',
        involvedObject: { kind: 'Pod', name: 'aws-node-x', namespace: 'kube-system', uid },
      },
    ]);
    await node.stop();
  });

  test('is told of the node when the pod is not known, and again after half an hour', async () => {
    registerNode(world.cluster);
    world.cloud.knobs.deny('AssignPrivateIpAddresses');
    node.start();
    await world.clock.advance(1_900_000);
    expect(events()).toHaveLength(2);
    expect(events()[0]).toMatchObject({
      involvedObject: { kind: 'Node', name: IN_CLUSTER.MY_NODE_NAME },
    });
    await node.stop();
  });

  test('is told later when the API server is away', async () => {
    registerNode(world.cluster);
    world.cluster.knobs.failNext({ verb: 'create', resource: 'events' }, { cut: true, count: 2 });
    world.cloud.knobs.deny('AssignPrivateIpAddresses');
    node.start();
    await world.clock.advance(60_000);
    expect(events()).toHaveLength(1);
    await node.stop();
  });
});
