import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { IN_CLUSTER, registerNode } from './cluster.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// What operators set, on a node that lives with it.

let world: World;
beforeEach(async () => {
  world = await createWorld({ instanceType: 'm5.large' }); // 3 ENIs of 9 addresses for pods
});
afterEach(() => world.close());

const HOUR_MS = 3_600_000;

async function started(environment: Readonly<Record<string, string>>): Promise<Node> {
  const node = await world.newNode(environment);
  node.start();
  await world.clock.advance(20_000);
  return node;
}

/** How many of so many pods at once get an address, and what the others hear. */
async function addPods(node: Node, count: number, prefix = 'pod') {
  const names = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
  const replies = await world.settle(Promise.all(names.map((name) => node.add(name))));
  const refusals = replies.flatMap((reply) => (reply.kind === 'refused' ? [reply] : []));
  const reasons = [...new Set(refusals.map(({ reason }) => reason))];
  return {
    reservedCount: count - refusals.length,
    reasons,
    messages: refusals.map((r) => r.message),
  };
}

const enisOf = (node: Node) =>
  world.cloud.describe().enis.filter(({ instanceId }) => instanceId === node.instance.instanceId);

describe('the number of ENIs', () => {
  test.each([
    { name: 'is the instance’s', environment: {}, eniCount: 3 },
    { name: 'is capped by MAX_ENI', environment: { MAX_ENI: '2' }, eniCount: 2 },
    {
      name: 'leaves a slot for the trunk ENI',
      environment: { ...IN_CLUSTER, ENABLE_POD_ENI: 'true' },
      eniCount: 2,
    },
  ])('$name', async ({ environment, eniCount }) => {
    registerNode(world.cluster);
    const node = await started(environment);
    const { reservedCount, reasons, messages } = await addPods(node, 27);
    await world.clock.advance(60_000);
    expect(enisOf(node)).toHaveLength(eniCount);
    expect(reservedCount).toBe(9 * eniCount);
    expect(reasons).toEqual(eniCount === 3 ? [] : ['eni-limit']);
    if (eniCount < 3) expect(messages[0]).toMatch(/of 18 addresses .* 18 are in use/);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

describe('DISABLE_NETWORK_RESOURCE_PROVISIONING', () => {
  test('changes nothing in EC2, serves what others assign, and says why there is no more', async () => {
    const node = await started({ DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' });
    expect(await addPods(node, 1)).toMatchObject({ reasons: ['provisioning-disabled'] });
    const { primaryEniId } = node.instance;
    await world.cloud.outside.assign(primaryEniId, { addressCount: 2 });
    await world.clock.advance(120_000);
    expect(await addPods(node, 3, 'next')).toMatchObject({
      reservedCount: 2,
      reasons: ['provisioning-disabled'],
    });
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls().filter((name) => !name.startsWith('Describe'))).toEqual([]);
    await node.stop();
  });
});

describe('a cordoned node', () => {
  beforeEach(() => {
    registerNode(world.cluster, { isCordoned: true });
  });

  test('is left as it is, and says why a pod gets no address', async () => {
    const node = await world.newNode({ ...IN_CLUSTER, WARM_ENI_TARGET: '0' });
    node.start();
    await world.clock.advance(20_000);
    expect(await addPods(node, 1)).toMatchObject({ reasons: ['not-schedulable'] });
    expect(world.takeCalls().filter((name) => /^(Assign|Create|Attach)N?/.test(name))).toEqual([
      'CreateTags',
    ]);
    await node.stop();
  });

  test('is looked after with AWS_MANAGE_ENIS_NON_SCHEDULABLE', async () => {
    const node = await world.newNode({ ...IN_CLUSTER, AWS_MANAGE_ENIS_NON_SCHEDULABLE: 'true' });
    node.start();
    await world.clock.advance(20_000);
    expect(await addPods(node, 12)).toMatchObject({ reservedCount: 12 });
    await node.stop();
  });
});

describe('an instance that is about to go', () => {
  test.each([
    {
      notice: 'a spot interruption',
      notices: { spotInterruption: { action: 'terminate' as const, atMs: 0 } },
    },
    { notice: 'a rebalance recommendation', notices: { rebalanceRecommendedAtMs: 0 } },
    { notice: 'its end in Auto Scaling', notices: { targetLifecycleState: 'Terminated' } },
  ])('keeps its ENIs after $notice, and goes on serving pods', async ({ notices }) => {
    const node = await started({ WARM_IP_TARGET: '1' });
    await addPods(node, 12);
    world.cloud.outside.announce(node.instance.instanceId, notices);
    await world.clock.advance(60_000);
    for (let n = 0; n < 12; n += 1) await world.settle(node.del(`pod-${n}`));
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(enisOf(node)).toHaveLength(2);
    expect(await addPods(node, 14, 'late')).toMatchObject({ reservedCount: 14 });
    await node.stop();
  });
});

describe('subnets', () => {
  test('new ENIs go to the tagged one with most room', async () => {
    const tags = { 'kubernetes.io/role/cni': '1' };
    const roomy = world.addSubnet('10.0.64.0/18', tags);
    world.addSubnet('10.0.8.0/24'); // not tagged
    const node = await started({});
    await addPods(node, 12);
    const subnets = enisOf(node).map(({ subnetId }) => subnetId);
    expect(subnets).toEqual([world.subnet.subnetId, roomy.subnetId, roomy.subnetId]);
    await world.clock.advance(30_000);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('without discovery they go to that of the primary ENI', async () => {
    world.addSubnet('10.0.64.0/18', { 'kubernetes.io/role/cni': '1' });
    const node = await started({ ENABLE_SUBNET_DISCOVERY: 'false' });
    await addPods(node, 12);
    expect(new Set(enisOf(node).map(({ subnetId }) => subnetId))).toEqual(
      new Set([world.subnet.subnetId]),
    );
    await node.stop();
  });

  test('an excluded one serves the pods it has and no new ones', async () => {
    const tags = { 'kubernetes.io/role/cni': '1' };
    const other = world.addSubnet('10.0.64.0/18', tags);
    const node = await started({});
    await addPods(node, 12);
    await node.stop();
    await world.cloud.outside.tag(other.subnetId, { 'kubernetes.io/role/cni': '0' });
    node.start();
    await world.clock.advance(300_000);
    const holders = enisOf(node).filter(({ subnetId }) => subnetId === other.subnetId);
    expect(holders.flatMap(({ secondaryAddresses }) => secondaryAddresses).sort()).toEqual(
      [...node.site.host.pods.values()]
        .map(({ address }) => address)
        .filter((address) => address.startsWith('10.0.64.'))
        .sort(),
    );
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

describe('switching the mode of a running node', () => {
  test.each([
    { from: 'addresses', to: 'prefixes', environments: [{}, { ENABLE_PREFIX_DELEGATION: 'true' }] },
    { from: 'prefixes', to: 'addresses', environments: [{ ENABLE_PREFIX_DELEGATION: 'true' }, {}] },
  ])('from $from to $to keeps its pods, and lets go of the rest', async ({ to, environments }) => {
    const [before, after] = environments as [Record<string, string>, Record<string, string>];
    const node = await started(before);
    await addPods(node, 3);
    await node.stop();
    node.start(after);
    await world.clock.advance(300_000);
    expect(await addPods(node, 3, 'new')).toMatchObject({ reservedCount: 3 });
    expect(problemsOf(node)).toEqual([]);
    for (const name of [...node.site.host.pods.keys()]) await world.settle(node.del(name));
    await world.clock.advance(HOUR_MS);
    const left = enisOf(node).flatMap((eni) =>
      to === 'prefixes' ? eni.secondaryAddresses : eni.prefixes,
    );
    expect(left).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

test('pods come and go for hours without a call too many, and nothing is left of it', async () => {
  const node = await started({ WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '8' });
  await addPods(node, 6);
  await world.clock.advance(120_000);
  world.takeCalls();
  for (let round = 0; round < 10; round += 1) {
    await world.settle(node.del(`pod-${round % 6}`));
    await world.clock.advance(900_000);
    await world.settle(node.add(`pod-${round % 6}`));
    await world.clock.advance(900_000);
  }
  expect(world.takeCalls().filter((name) => !name.startsWith('Describe'))).toEqual([]);
  expect(world.violations).toEqual([]);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});
