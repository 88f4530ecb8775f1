import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enisOf, leakedEnis } from './ec2-view.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 07: ENIs are left behind; subnets run dry, and VPCs and security groups cannot be deleted.

const HOUR_MS = 3_600_000;
const CLUSTER = { CLUSTER_NAME: 'blue', WARM_IP_TARGET: '1' };
/** With the dice of the scenarios a node looks every two hours. */
const SWEEP_MS = 2 * HOUR_MS;
/** What is leaked goes when it is seen for the second time. */
const TWO_SWEEPS_MS = 2 * SWEEP_MS + 60_000;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const pods = (count: number) => Array.from({ length: count }, (_, n) => `pod-${n}`);

async function started(environment: Readonly<Record<string, string>> = CLUSTER): Promise<Node> {
  const node = await world.newNode(environment);
  node.start();
  await world.clock.advance(20_000);
  return node;
}

/** The moments at which a daemon that adds an ENI, and gives it back, calls EC2. */
async function momentsOf(life: (node: Node) => Promise<void>): Promise<readonly string[]> {
  const own = await createWorld();
  const outer = world;
  world = own;
  const node = await world.newNode(CLUSTER);
  node.start();
  await life(node);
  await node.stop();
  await own.close();
  world = outer;
  return node.daemon.fate.moments;
}

/** Takes an ENI for a while. A daemon that dies on the way is left dead. */
async function growAndShrink(node: Node): Promise<void> {
  await world.clock.advance(20_000);
  const adding = Promise.all(pods(12).map((name) => node.add(name)));
  await world.clock.advance(10_000);
  await adding;
  const deleting = Promise.all(pods(12).map((name) => node.del(name)));
  await world.clock.advance(150_000);
  await deleting;
}

test('a daemon and its instance that die between any two EC2 calls leave nothing for ever', async () => {
  const moments = await momentsOf(growAndShrink);
  const killPoints = moments.flatMap((moment, index) => (moment.startsWith('EC2') ? [index] : []));
  expect(killPoints.length).toBeGreaterThan(15);
  let leakedCount = 0;
  for (const killAt of killPoints) {
    const doomed = await world.newNode(CLUSTER);
    doomed.start(CLUSTER, { killAt });
    await growAndShrink(doomed);
    doomed.kill();
    await world.cloud.terminateInstance(doomed.instance.instanceId);
    leakedCount += leakedEnis(world.cloud).length;
  }
  expect(leakedCount).toBeGreaterThan(0);
  const survivor = await started();
  await world.clock.advance(TWO_SWEEPS_MS);
  expect(leakedEnis(world.cloud)).toEqual([]);
  await survivor.stop();
});

describe('the sweep of a cluster', () => {
  const tags = {
    'node.k8s.amazonaws.com/instance_id': 'i-0aaaaaaaaaaaaaaaa',
    'node.k8s.amazonaws.com/createdAt': '2020-01-01T00:00:00Z',
    'cluster.k8s.amazonaws.com/name': 'blue',
  };
  const without = (key: keyof typeof tags) =>
    Object.fromEntries(Object.entries(tags).filter(([name]) => name !== key));

  const OURS = 'aws-K8S-i-0aaaaaaaaaaaaaaaa';

  /** An ENI that is attached nowhere. */
  async function leave(left: {
    readonly tags: Readonly<Record<string, string>>;
    readonly description?: string;
  }) {
    const { subnetId } = world.subnet;
    const { description = OURS } = left;
    const { eniId } = await world.cloud.outside.createEni({ subnetId, description });
    await world.cloud.outside.tag(eniId, left.tags);
    return eniId;
  }

  test('takes what is ours, old, and attached nowhere, and nothing else', async () => {
    const leaked = await leave({ tags });
    const spared = [
      await leave({ tags: { ...tags, 'cluster.k8s.amazonaws.com/name': 'red' } }),
      await leave({ tags: without('cluster.k8s.amazonaws.com/name') }),
      await leave({ tags: without('node.k8s.amazonaws.com/instance_id') }),
      await leave({ tags, description: 'a database' }),
    ];
    const node = await started();
    await world.clock.advance(TWO_SWEEPS_MS);
    const left = world.cloud.describe().enis.map(({ eniId }) => eniId);
    expect(left).not.toContain(leaked);
    expect(left).toEqual(expect.arrayContaining(spared));
    await node.stop();
  });

  test('spares what was seen but once, and starts anew after it was attached', async () => {
    const eniId = await leave({ tags });
    const node = await started();
    await world.clock.advance(SWEEP_MS);
    expect(leakedEnis(world.cloud)).toEqual([eniId]);
    const other = await world.newNode();
    const { instanceId } = other.instance;
    await world.cloud.outside.attachEni(eniId, { instanceId, deviceIndex: 1 });
    await world.clock.advance(SWEEP_MS);
    await world.cloud.outside.detachEni(eniId);
    await world.clock.advance(SWEEP_MS);
    expect(leakedEnis(world.cloud)).toEqual([eniId]);
    await world.clock.advance(SWEEP_MS);
    expect(leakedEnis(world.cloud)).toEqual([]);
    await node.stop();
  });

  test('does not happen with DISABLE_LEAKED_ENI_CLEANUP', async () => {
    const eniId = await leave({ tags });
    const node = await started({ ...CLUSTER, DISABLE_LEAKED_ENI_CLEANUP: 'true' });
    await world.clock.advance(TWO_SWEEPS_MS);
    expect(leakedEnis(world.cloud)).toEqual([eniId]);
    await node.stop();
  });
});

test('an instance that goes takes its ENIs with it', async () => {
  const node = await started();
  await world.settle(Promise.all(pods(20).map((name) => node.add(name))));
  await world.clock.advance(60_000);
  expect(enisOf(world.cloud, node.instance.instanceId)).toHaveLength(3);
  node.kill();
  await world.cloud.terminateInstance(node.instance.instanceId);
  expect(world.cloud.describe().enis).toEqual([]);
});
