import { afterEach, describe, expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// Pain 04: addresses that cool down count as available, so pods that come and go starve each other.

const COOLDOWN_MS = 30_000;
const MINUTE_MS = 60_000;

let world: World;
let node: Node;
afterEach(() => world.close());

async function joined(options: WorldOptions): Promise<void> {
  world = await createWorld(options);
  node = await world.newNode();
  node.start();
  await world.clock.advance(20_000);
}

const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Adds pods at once; resolves to how long each waited, in milliseconds, or to why it got no address. */
async function add(...podNames: readonly string[]): Promise<readonly (number | string)[]> {
  const startedAtMs = world.clock.nowMs();
  const adding = podNames.map(async (podName) => {
    const reply = await node.add(podName);
    const waitedMs = world.clock.nowMs() - startedAtMs;
    return reply.kind === 'refused' ? reply.message : reply.kind === 'died' ? 'died' : waitedMs;
  });
  return world.settle(Promise.all(adding));
}

const remove = (...podNames: readonly string[]) =>
  world.settle(Promise.all(podNames.map((podName) => node.del(podName))));

function counts() {
  const { pool } = node.daemon;
  if (pool === undefined) throw new Error('the daemon is not up');
  const now = pool.book.statistics(world.clock.nowMs());
  const { totalCount, reservedCount, coolingCount, reservableNowCount } = now;
  return {
    total: totalCount,
    used: reservedCount,
    cooling: coolingCount,
    free: reservableNowCount,
  };
}

async function end(): Promise<void> {
  await world.clock.advance(MINUTE_MS);
  expect(problemsOf(node)).toEqual([]);
  expect(world.violations).toEqual([]);
  await node.stop();
}

describe('pods that are all replaced at once on a node that is full', () => {
  // m5.large: 3 ENIs of 9 pod addresses, no room for more.
  test('wait for no more than the rest of the cool-down, and none fails', async () => {
    await joined({ instanceType: 'm5.large' });
    await add(...names(27, 'old'));
    await world.clock.advance(MINUTE_MS);
    await remove(...names(27, 'old'));
    expect(counts()).toEqual({ total: 27, used: 0, cooling: 27, free: 0 });
    await world.clock.advance(10_000);
    world.takeCalls();

    const waits = await add(...names(27, 'new'));
    expect(waits).toHaveLength(27);
    for (const waitedMs of waits) {
      expect(waitedMs).toBeGreaterThan(0);
      expect(waitedMs).toBeLessThanOrEqual(COOLDOWN_MS - 10_000);
    }
    expect(world.takeCalls()).toEqual([]);
    await end();
  });

  test('get the addresses in the order in which those have rested', async () => {
    await joined({ instanceType: 'm5.large' });
    await add(...names(27, 'old'));
    const startedAtMs = world.clock.nowMs();
    await remove(...names(13, 'old'));
    await world.clock.advance(10_000);
    const laterMs = world.clock.nowMs() - startedAtMs;
    await remove(...names(27, 'old').slice(13));
    const waits = await add(...names(27, 'new'));
    const [first = 0, last = 0] = [waits[0], waits[26]].map(Number);
    expect(waits.filter((waitedMs) => waitedMs === first)).toHaveLength(13);
    expect(waits.filter((waitedMs) => waitedMs === last)).toHaveLength(14);
    expect(last - first).toBe(laterMs);
    await end();
  });
});

describe('pods that are all replaced at once where EC2 has more', () => {
  test('wait for EC2, which is sooner', async () => {
    await joined({ instanceType: 'm5.large', environment: { WARM_IP_TARGET: '1' } });
    await add(...names(12, 'old'));
    await world.clock.advance(MINUTE_MS);
    await remove(...names(12, 'old'));
    const waits = await add(...names(12, 'new'));
    for (const waitedMs of waits) expect(waitedMs).toBeLessThan(5_000);
    expect(counts()).toMatchObject({ used: 12, cooling: 12 });
    await end();
  });

  test('give back what was too much once it has cooled', async () => {
    await joined({ instanceType: 'm5.large', environment: { WARM_IP_TARGET: '1' } });
    await add(...names(12, 'old'));
    await remove(...names(12, 'old'));
    await add(...names(12, 'new'));
    await world.clock.advance(30 * MINUTE_MS);
    expect(counts()).toEqual({ total: 13, used: 12, cooling: 0, free: 1 });
    await end();
  });
});

// aws/amazon-vpc-cni-k8s#2896: 23 addresses were there, "so" 4 were available, and the next pods failed.
describe('with 2 warm addresses, 23 at least, 19 in use and 4 cooling', () => {
  const issue2896 = async () => {
    const environment = { WARM_IP_TARGET: '2', MINIMUM_IP_TARGET: '23' };
    await joined({ instanceType: 'm5.xlarge', environment });
    await add(...names(19, 'pod'));
    await world.clock.advance(MINUTE_MS);
    expect(counts()).toEqual({ total: 23, used: 19, cooling: 0, free: 4 });
    await remove(...names(4, 'pod'));
    world.takeCalls();
    await add(...names(4, 'new'));
    expect(counts()).toEqual({ total: 23, used: 19, cooling: 4, free: 0 });
  };

  test('the node gets more before anybody waits', async () => {
    await issue2896();
    await world.clock.advance(2_000);
    expect(world.takeCalls()).toEqual(['AssignPrivateIpAddresses']);
    expect(counts()).toEqual({ total: 25, used: 19, cooling: 4, free: 2 });
    expect(await add('next-0', 'next-1')).toEqual([0, 0]);
    await end();
  });

  test('pods that come at once wait for EC2, not for the cool-down', async () => {
    await issue2896();
    const waits = await add('next-0', 'next-1');
    for (const waitedMs of waits) expect(waitedMs).toBeLessThan(1_000);
    await end();
  });
});
