import { afterEach, describe, expect, test } from '@jest/globals';
import type { IpAddress } from '@vpc-cni/ipam';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 08: a new pod gets the address of one that has just gone, and connections meant for that one.

/** How long a half-open NAT entry lives on a client's node. */
const HALF_OPEN_MS = 120_000;
const MINUTE_MS = 60_000;

let world: World;
let node: Node;
/** When addresses were released last. */
let releasedAtMs: Map<IpAddress, number>;
afterEach(() => world.close());

async function joined(instanceType: string, environment: Readonly<Record<string, string>> = {}) {
  world = await createWorld({ instanceType, environment });
  node = await world.newNode();
  releasedAtMs = new Map();
  node.start();
  await world.clock.advance(20_000);
}

const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Adds a pod; resolves to how long its address has rested, ms; `Infinity` if nobody had it before. */
async function add(podName: string): Promise<number> {
  const reply = await world.settle(node.add(podName));
  if (reply.kind !== 'reserved') throw new Error(`${podName}: ${JSON.stringify(reply)}`);
  const since = releasedAtMs.get(reply.reservations[0].address) ?? Number.NEGATIVE_INFINITY;
  return reply.reservations[0].reservedAtMs - since;
}

async function addAll(podNames: readonly string[]): Promise<readonly number[]> {
  const rests: number[] = [];
  for (const podName of podNames) rests.push(await add(podName));
  return rests;
}

async function remove(podName: string): Promise<void> {
  const address = node.site.host.pods.get(podName)?.address;
  if (address === undefined) throw new Error(`there is no ${podName}`);
  releasedAtMs.set(address, world.clock.nowMs());
  await world.settle(node.del(podName));
}

async function restart(): Promise<void> {
  node.kill();
  node.start();
  await world.settle(node.daemon.ready);
}

async function end(): Promise<void> {
  await world.clock.advance(MINUTE_MS);
  expect(problemsOf(node)).toEqual([]);
  expect(world.violations).toEqual([]);
  await node.stop();
}

/** t3.micro: 2 ENIs of one pod address each. */
describe('a node without any other address', () => {
  test.each([{ periodS: 1 }, { periodS: 30 }, { periodS: 130 }])(
    'lets one rest for the $periodS s of IP_COOLDOWN_PERIOD, and no longer',
    async ({ periodS }) => {
      const wait = { AWS_VPC_K8S_CNI_ADD_WAIT: '100' };
      await joined('t3.micro', { ...wait, IP_COOLDOWN_PERIOD: String(periodS) });
      await addAll(names(2, 'pod'));
      await remove('pod-0');
      if (periodS > 100) await world.clock.advance(50_000);
      expect(await add('next')).toBe(1_000 * periodS);
      await end();
    },
  );

  test('takes the longest idle one first', async () => {
    await joined('t3.micro');
    await addAll(names(2, 'pod'));
    await remove('pod-1');
    await world.clock.advance(5_000);
    await remove('pod-0');
    await world.clock.advance(40_000);
    const [first = 0, second = 0] = await addAll(names(2, 'next'));
    expect(first - second).toBeGreaterThanOrEqual(5_000);
    await end();
  });

  test.each([
    { way: 'crash', again: restart },
    {
      way: 'stop in good order',
      again: async () => {
        await node.stop();
        node.start();
        await world.settle(node.daemon.ready);
      },
    },
  ])('remembers the rest of an address across a $way', async ({ again }) => {
    await joined('t3.micro');
    await addAll(names(2, 'pod'));
    await remove('pod-0');
    await world.clock.advance(10_000);
    await again();
    expect(await add('next')).toBe(30_000);
    await end();
  });
});

/** m5.large: 3 ENIs of 9 pod addresses each. */
describe('a node with other addresses', () => {
  const prefixes = { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' };
  test.each([
    { kind: 'single addresses', periodS: '1', environment: {}, stayingCount: 0 },
    { kind: 'single addresses', periodS: '30', environment: {}, stayingCount: 0 },
    // Two more places in the fullest prefix, which is otherwise preferred.
    { kind: 'prefixes', periodS: '1', environment: prefixes, stayingCount: 14 },
    { kind: 'prefixes', periodS: '30', environment: prefixes, stayingCount: 14 },
  ])('in $kind lets them rest for two minutes although the floor is $periodS s', async (given) => {
    const { periodS, environment, stayingCount } = given;
    await joined('m5.large', { ...environment, IP_COOLDOWN_PERIOD: periodS });
    await addAll(names(stayingCount, 'staying'));
    // A pod that crashes every 10 s.
    const rests: number[] = [];
    for (const podName of names(60, 'pod')) {
      rests.push(await add(podName));
      await world.clock.advance(10_000);
      await remove(podName);
    }
    expect(rests.some((rest) => Number.isFinite(rest))).toBe(true);
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(HALF_OPEN_MS);
    await end();
  });

  test('prefers the longest rested also after a crash', async () => {
    await joined('m5.large', { WARM_ENI_TARGET: '0' });
    await addAll(names(9, 'pod'));
    for (const podName of names(9, 'pod').toReversed()) {
      await remove(podName);
      await world.clock.advance(4_000);
    }
    await world.clock.advance(30_000);
    await restart();
    const rests = await addAll(names(9, 'next'));
    expect(rests).toEqual(rests.toSorted((a, b) => b - a));
    await end();
  });

  test('gives no address back to EC2, for other nodes to have, before it has cooled', async () => {
    await joined('m5.large', { WARM_IP_TARGET: '1' });
    await addAll(names(20, 'pod'));
    await world.clock.advance(MINUTE_MS);
    world.takeEntries();
    for (const podName of names(20, 'pod')) await remove(podName);
    await world.clock.advance(30 * MINUTE_MS);
    const returned = world
      .takeEntries()
      .filter(({ operation }) => operation === 'UnassignPrivateIpAddresses');
    const rests = returned.flatMap(({ atMs, parameters }) =>
      (parameters['PrivateIpAddresses'] as readonly IpAddress[]).map(
        (address) => atMs - (releasedAtMs.get(address) ?? Number.NEGATIVE_INFINITY),
      ),
    );
    expect(rests.length).toBeGreaterThan(0);
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(30_000);
    await end();
  });
});
