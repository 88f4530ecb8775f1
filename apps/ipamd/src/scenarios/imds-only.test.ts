import { afterEach, describe, expect, test } from '@jest/globals';
import { knownInstanceTypes } from '@vpc-cni/aws-emulator';
import { limitsOf } from '@vpc-cni/warm-pool/limits';
import { METADATA_LAG_MS } from '../imds-only/late-blocks.ts';
import { enisOf } from './ec2-view.fixture.ts';
import { problemsAtAnyMoment, problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// ENABLE_IMDS_ONLY_MODE: a node that nobody lets ask EC2.

const IMDS_ONLY = { ENABLE_IMDS_ONLY_MODE: 'true' };
/** The longest until metadata is read again. */
const NOTICED_MS = 61_000;
const HOUR_MS = 3_600_000;

let world: World;
afterEach(async () => {
  expect(world.violations).toEqual([]);
  await world.close();
});

/** A node with so many addresses, whose role allows nothing. */
async function nodeIn(options: WorldOptions, addressCount = 0): Promise<Node> {
  world = await createWorld(options);
  const node = await world.newNode({ ...options.environment, ...IMDS_ONLY });
  if (addressCount > 0) await assign(node, { addressCount });
  world.cloud.knobs.usePolicy({ Version: '2012-10-17', Statement: [] });
  return node;
}

const assign = (node: Node, what: { addressCount: number } | { prefixCount: number }) =>
  world.cloud.outside.assign(node.instance.primaryEniId, what);

async function started(node: Node): Promise<Node> {
  node.start();
  await world.settle(node.daemon.ready);
  return node;
}

/** Adds pods at once, and tells their addresses. */
async function add(node: Node, count: number, prefix = 'pod'): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
  const replies = await world.settle(Promise.all(names.map((name) => node.add(name))));
  return replies.map((reply) =>
    reply.kind === 'reserved' ? reply.reservation.address : JSON.stringify(reply),
  );
}

const bookOf = (node: Node) => {
  if (node.daemon.pool === undefined) throw new Error(`the daemon is ${node.daemon.phase.name}`);
  return node.daemon.pool.book;
};
const addressesOn = (node: Node) =>
  bookOf(node)
    .enis(world.clock.nowMs())
    .flatMap(({ addresses }) => addresses.map(({ address }) => address));

describe('a node without any permission serves what others assign, and never calls EC2', () => {
  const ipv6 = { ENABLE_IPv4: 'false', ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' };

  test.each([
    { mode: 'addresses', environment: {}, what: { addressCount: 9 } },
    {
      mode: 'prefixes',
      environment: { ENABLE_PREFIX_DELEGATION: 'true' },
      what: { prefixCount: 1 },
    },
  ])('as $mode', async ({ environment, what }) => {
    const node = await nodeIn({ environment });
    await assign(node, what);
    await started(node);
    const first = await add(node, 8);
    expect(new Set(first).size).toBe(8);
    for (let n = 0; n < 8; n += 1) await world.settle(node.del(`pod-${n}`));
    await world.clock.advance(HOUR_MS);
    await add(node, 8, 'next');
    await world.clock.advance(5 * HOUR_MS); // the comparison of everything is due every 4 hours
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('as the /80 of an IPv6 cluster', async () => {
    world = await createWorld({ hasIpv6: true });
    const node = await world.newNode(ipv6);
    await started(node); // assigns it, in place of whoever starts instances
    await node.stop();
    node.site.disk.files.clear();
    world.takeCalls();
    world.cloud.knobs.usePolicy({ Version: '2012-10-17', Statement: [] });
    node.start({ ...ipv6, ...IMDS_ONLY });
    await world.settle(node.daemon.ready);
    expect(await add(node, 2)).toEqual(['2001:db8:0:1:1::', '2001:db8:0:1:1::1']);
    await world.clock.advance(5 * HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('and looks for no subnets and no leaked ENIs, whatever else is set', async () => {
    const environment = { ENABLE_SUBNET_DISCOVERY: 'true', DISABLE_LEAKED_ENI_CLEANUP: 'false' };
    const node = await started(await nodeIn({ environment }, 1));
    await world.cloud.outside.createEni({
      subnetId: world.subnet.subnetId,
      description: `aws-K8S-${node.instance.instanceId}`,
      tags: { 'node.k8s.amazonaws.com/createdAt': '2020-01-01T00:00:00Z' },
    });
    await world.clock.advance(24 * HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    await node.stop();
  });
});

test('a pod that gets no address is told that others assign them', async () => {
  const node = await started(await nodeIn({}));
  const [reply] = await add(node, 1);
  expect(reply).toContain('"reason":"provisioning-disabled"');
  expect(reply).toContain('ENABLE_IMDS_ONLY_MODE');
  await assign(node, { addressCount: 1 });
  await world.clock.advance(NOTICED_MS);
  expect(await add(node, 1)).toEqual(addressesOn(node));
  await node.stop();
});

test('an ENI that somebody attaches serves pods within a minute, until somebody detaches it', async () => {
  const node = await started(await nodeIn({}, 1));
  const { outside } = world.cloud;
  const { subnetId } = world.subnet;
  const { eniId } = await outside.createEni({ subnetId, addressCount: 2 });
  const { instanceId } = node.instance;
  await outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
  await world.clock.advance(NOTICED_MS + 5_000);
  expect(new Set(await add(node, 3)).size).toBe(3);
  expect(problemsOf(node)).toEqual([]);

  const pods = bookOf(node)
    .reservations()
    .filter(({ eni }) => eni?.eniId === eniId);
  expect(pods).toHaveLength(2);
  await outside.detachEni(eniId);
  await world.clock.advance(NOTICED_MS);
  expect(pods.map(({ key }) => bookOf(node).find(key)?.eni)).toEqual([undefined, undefined]);
  await outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
  await world.clock.advance(NOTICED_MS + 5_000);
  expect(pods.map(({ key }) => bookOf(node).find(key)?.eni?.eniId)).toEqual([eniId, eniId]);
  expect(world.takeCalls()).toEqual([]);
  await node.stop();
});

describe('a restart', () => {
  test('takes over pods from the checkpoint, wherever it was killed', async () => {
    const node = await started(await nodeIn({}, 9));
    const before = await add(node, 4);
    await world.settle(node.del('pod-0'));
    node.kill();
    await started(node);
    expect(await add(node, 4)).toEqual([
      expect.not.stringMatching(`^${before[0]}$`),
      ...before.slice(1),
    ]);
    expect(await add(node, 4, 'more')).not.toContain(before[0]); // it rests
    expect(problemsOf(node)).toEqual([]);
    expect(world.takeCalls()).toEqual([]);
    await node.stop();
  });

  test('loses no pod when the checkpoint is lost', async () => {
    const node = await started(await nodeIn({}, 4));
    const before = await add(node, 3);
    node.kill();
    node.site.disk.files.clear();
    await started(node);
    expect(before).not.toContain((await add(node, 1, 'next'))[0]);
    expect(world.takeCalls()).toEqual([]);
    await node.stop();
  });
});

describe('metadata that is behind EC2', () => {
  test('brings nothing back that the last process gave back before it was told to ask no more', async () => {
    world = await createWorld({});
    const node = await world.newNode();
    node.start({ MINIMUM_IP_TARGET: '9', WARM_IP_TARGET: '1' });
    await world.settle(node.daemon.ready);
    await world.clock.advance(60_000);
    await node.stop();
    world.cloud.knobs.setLag('imds', 120_000);
    node.start({ MINIMUM_IP_TARGET: '2', WARM_IP_TARGET: '1' }); // gives addresses back
    await world.settle(node.daemon.ready);
    await world.clock.advance(30_000);
    await node.stop();
    const [eni] = enisOf(world.cloud, node.instance.instanceId);
    expect(eni?.secondaryAddresses.length).toBeLessThan(9);

    node.start(IMDS_ONLY);
    await world.settle(node.daemon.ready);
    world.takeCalls();
    for (let second = 0; second < 180; second += 1) {
      await world.clock.advance(1_000);
      expect(problemsAtAnyMoment(node)).toEqual([]);
    }
    expect(problemsOf(node)).toEqual([]);
    expect(world.takeCalls()).toEqual([]);
    await node.stop();
  });

  test('is believed after five minutes: what it shows then has really been assigned meanwhile', async () => {
    const node = await started(await nodeIn({}, 2));
    await node.stop();
    await assign(node, { addressCount: 1 });
    await started(node);
    expect(addressesOn(node)).toHaveLength(2);
    await world.clock.advance(METADATA_LAG_MS + NOTICED_MS);
    expect(addressesOn(node)).toHaveLength(3);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

test('an instance type that nobody knows is named, with what to do, and the node serves', async () => {
  world = await createWorld({});
  const [like] = knownInstanceTypes.filter(({ instanceType }) => instanceType === 'm5.large');
  if (like === undefined) throw new Error('the emulator knows no m5.large');
  const instanceType = 'm99.large';
  expect(limitsOf(instanceType)).toBeUndefined();
  world.cloud.setInstanceType({ ...like, instanceType });
  const node = await world.newNode(IMDS_ONLY, instanceType);
  await assign(node, { addressCount: 1 });
  await started(node);
  expect(await add(node, 1)).toHaveLength(1);
  const [warning] = node.daemon.log.filter(({ level }) => level === 'warn');
  expect(warning).toMatchObject({ facts: { reason: 'instance-type-unknown', instanceType } });
  expect(warning?.text).toMatch(/use a release that knows the type/);
  expect(world.takeCalls()).toEqual([]);
  await node.stop();
});
