import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// What the daemon asks of EC2, to the call.

const HOUR_MS = 3_600_000;
const NEW_ENI = [
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
];

let world: World;
beforeEach(async () => {
  world = await createWorld({ instanceType: 'm5.large' }); // 3 ENIs of 9 addresses for pods
});
afterEach(() => world.close());

const pods = (count: number, prefix = 'pod') =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

async function joined(environment: Readonly<Record<string, string>>) {
  const node = await world.newNode(environment);
  node.start();
  await world.clock.advance(20_000);
  return node;
}

describe('a node that joins', () => {
  test.each([
    { mode: 'whole ENIs', environment: {} },
    { mode: 'an address target', environment: { WARM_IP_TARGET: '2' } },
    { mode: 'prefixes', environment: { ENABLE_PREFIX_DELEGATION: 'true' } },
  ])('with $mode takes four calls', async ({ environment }) => {
    const node = await joined(environment);
    expect(world.takeCalls().toSorted()).toEqual([
      'AssignPrivateIpAddresses',
      'CreateTags', // of the primary ENI
      'DescribeNetworkInterfaces',
      'DescribeSubnets',
    ]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('again, after a restart, takes two, and none that changes anything', async () => {
    const node = await joined({});
    await node.stop();
    world.takeCalls();
    node.start();
    await world.clock.advance(20_000);
    expect(world.takeCalls().toSorted()).toEqual(['DescribeNetworkInterfaces', 'DescribeSubnets']);
    await node.stop();
  });
});

describe('an idle hour', () => {
  test.each([
    { of: 'an empty node', podCount: 0, environment: {} },
    { of: 'a node with pods', podCount: 12, environment: {} },
    { of: 'a node with an address target', podCount: 12, environment: { WARM_IP_TARGET: '2' } },
    { of: 'a full node', podCount: 27, environment: {} },
    {
      of: 'a node in prefix mode',
      podCount: 20,
      environment: { ENABLE_PREFIX_DELEGATION: 'true' },
    },
  ])('of $of takes no call', async ({ podCount, environment }) => {
    const node = await joined(environment);
    await world.settle(Promise.all(pods(podCount).map((name) => node.add(name))));
    await world.clock.advance(180_000);
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('of a node with an ENI of somebody else takes no call', async () => {
    const node = await joined({ WARM_ENI_TARGET: '0' });
    const { eniId } = await world.cloud.outside.createEni({ subnetId: world.subnet.subnetId });
    await world.cloud.outside.tag(eniId, { 'node.k8s.amazonaws.com/no_manage': 'true' });
    const { instanceId } = node.instance;
    await world.cloud.outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
    await world.clock.advance(120_000);
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    await node.stop();
  });
});

describe('a scale-out', () => {
  test('of whole ENIs takes one call of each kind for an ENI', async () => {
    const node = await joined({});
    world.takeCalls();
    await world.settle(Promise.all(pods(1).map((name) => node.add(name))));
    await world.clock.advance(30_000);
    expect(world.takeCalls()).toEqual(NEW_ENI);
    await node.stop();
  });

  test('of a burst of pods creates all the ENIs it takes at once', async () => {
    const node = await joined({ WARM_IP_TARGET: '1' });
    world.takeCalls();
    const replies = world.settle(Promise.all(pods(20).map((name) => node.add(name))));
    expect((await replies).every(({ kind }) => kind === 'reserved')).toBe(true);
    await world.clock.advance(30_000);
    expect(world.takeCalls().toSorted()).toEqual(
      ['AssignPrivateIpAddresses', ...NEW_ENI.flatMap((name) => [name, name])].sort(),
    );
    await node.stop();
  });

  test('on the ENIs there are takes one call for each', async () => {
    const node = await joined({ WARM_IP_TARGET: '1' });
    world.takeCalls();
    await world.settle(Promise.all(pods(7).map((name) => node.add(name))));
    await world.clock.advance(30_000);
    expect(world.takeCalls()).toEqual(['AssignPrivateIpAddresses']);
    await node.stop();
  });
});

test('a scale-in takes one call for what goes of each ENI, and three for an ENI', async () => {
  const node = await joined({ WARM_IP_TARGET: '1' });
  await world.settle(Promise.all(pods(14).map((name) => node.add(name))));
  await world.clock.advance(120_000);
  world.takeCalls();
  await world.settle(Promise.all(pods(14).map((name) => node.del(name))));
  await world.clock.advance(HOUR_MS);
  const calls = world.takeCalls();
  const changes = calls.filter((name) => !name.startsWith('Describe'));
  expect(changes.toSorted()).toEqual([
    'DeleteNetworkInterface',
    'DetachNetworkInterface',
    'UnassignPrivateIpAddresses',
  ]);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});
