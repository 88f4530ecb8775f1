import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ec2BucketSizeOf, type JournalEntry } from '@vpc-cni/aws-emulator';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 03: nodes that come at once are throttled by EC2, and throttle everybody else in the account.

/** A tenth of 200 nodes, and a tenth of what EC2 gives an account: the times are those of all. */
const NODE_COUNT = 20;
const SHARE = 1 / 10;
const ACTIONS = [
  'AssignPrivateIpAddresses',
  'AttachNetworkInterface',
  'CreateNetworkInterface',
  'CreateTags',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'ModifyNetworkInterfaceAttribute',
] as const;
/** Four to join, three for the ENI that is kept warm once there is a pod. */
const CALLS_OF_A_JOIN = 7;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A runtime tries again after a while. */
const RETRY_MS = 1_000;

let world: World;
let nodes: readonly Node[];
beforeEach(async () => {
  world = await createWorld({ subnetCidr: '10.0.0.0/20' });
  for (const action of ACTIONS) {
    const { burst, perSecond } = ec2BucketSizeOf(action);
    world.cloud.knobs.setBucket(action, { burst: burst * SHARE, perSecond: perSecond * SHARE });
  }
});
afterEach(async () => {
  await Promise.all([...nodes.map(({ daemon }) => daemon.stop()), world.clock.advance(1_000)]);
  await world.close();
});

async function launch(): Promise<void> {
  nodes = await Promise.all(Array.from({ length: NODE_COUNT }, () => world.newNode()));
}

/** When the last of so many calls of one action can be let through at best. */
function theoreticalMs(action: (typeof ACTIONS)[number], callCount: number): number {
  const { burst, perSecond } = ec2BucketSizeOf(action);
  return (Math.max(0, callCount - burst * SHARE) / (perSecond * SHARE)) * 1_000;
}

/** Every node has its own luck, and the same each time. */
const chanceOf = (n: number): number => (n * 0.618) % 1;

/** Starts the daemons evenly within that time. @returns how long each takes until a pod has an address. */
const startWithin = (overMs: number): Promise<readonly number[]> =>
  world.settle(
    Promise.all(
      nodes.map(async (node, n) => {
        await world.clock.sleep((overMs * n) / NODE_COUNT);
        const startedAtMs = world.clock.nowMs();
        node.start(undefined, { random: () => chanceOf(n) });
        await addPod(node, 'pod-0');
        return world.clock.nowMs() - startedAtMs;
      }),
    ),
  );

/** Tries until it gets an address; while it does not, EC2 must be the reason. */
async function addPod(node: Node, podName: string): Promise<void> {
  for (;;) {
    const reply = await node.add(podName);
    if (reply.kind === 'reserved') return;
    expect(['throttled', 'capacity-pending']).toContain(
      reply.kind === 'refused' ? reply.reason : reply.kind,
    );
    await world.clock.sleep(RETRY_MS);
  }
}

const throttledCount = (entries: readonly JournalEntry[]): number =>
  entries.filter(({ outcome }) => outcome === 'RequestLimitExceeded').length;

async function sumOfMetric(name: 'ec2Requests' | 'ec2Errors'): Promise<number> {
  const metrics = await Promise.all(nodes.map(({ daemon }) => daemon.metrics[name].get()));
  return metrics.flatMap(({ values }) => values).reduce((sum, { value }) => sum + value, 0);
}

async function expectAllWell(): Promise<void> {
  await world.clock.advance(3 * MINUTE_MS);
  expect(problemsOf(...nodes)).toEqual([]);
  expect(world.violations).toEqual([]);
}

test('200 nodes that boot within a minute wait for nothing, and hardly any call is throttled', async () => {
  await launch();
  const waits = await startWithin(MINUTE_MS);
  expect(Math.max(...waits)).toBeLessThan(1_000);
  await world.clock.advance(MINUTE_MS);
  const entries = world.takeEntries();
  expect(entries).toHaveLength(NODE_COUNT * CALLS_OF_A_JOIN);
  expect(throttledCount(entries) / entries.length).toBeLessThan(0.05);
  await expectAllWell();
});

describe('200 nodes that boot at the same instant', () => {
  test('are ready near the theoretical minimum, with few tries of each call', async () => {
    await launch();
    const waits = await startWithin(0);
    const bestMs = theoreticalMs('AssignPrivateIpAddresses', NODE_COUNT);
    expect(bestMs).toBe(30_000);
    expect(Math.max(...waits)).toBeLessThan(1.5 * bestMs);
    await expectAllWell();
    const entries = world.takeEntries();
    const throttled = throttledCount(entries);
    expect(entries.length - throttled).toBe(NODE_COUNT * CALLS_OF_A_JOIN);
    expect(entries.length).toBeLessThan(2.1 * NODE_COUNT * CALLS_OF_A_JOIN);
    // What can wait is not asked for in step: then every node would be refused several times.
    const tagging = entries.filter(({ operation }) => operation === 'CreateTags');
    expect(throttledCount(tagging)).toBeLessThan(NODE_COUNT);
    // What the fleet asks for can be read off its metrics.
    expect(await sumOfMetric('ec2Requests')).toBe(entries.length);
    expect(await sumOfMetric('ec2Errors')).toBe(throttled);
  });

  test('ask for nothing in an idle hour', async () => {
    await launch();
    await startWithin(0);
    await expectAllWell();
    const some = nodes.slice(0, 5); // an hour of all takes too long
    await Promise.all([
      ...nodes.slice(some.length).map(({ daemon }) => daemon.stop()),
      world.clock.advance(1_000),
    ]);
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(...some)).toEqual([]);
  });
});

test('200 daemons that are replaced at the same instant only read, and are back in seconds', async () => {
  await launch();
  await startWithin(MINUTE_MS);
  await expectAllWell();
  await Promise.all([...nodes.map(({ daemon }) => daemon.stop()), world.clock.advance(1_000)]);
  world.takeEntries();
  const waits = await startWithin(0);
  const bestMs = theoreticalMs('DescribeNetworkInterfaces', NODE_COUNT);
  expect(bestMs).toBe(5_000);
  expect(Math.max(...waits)).toBeLessThan(2 * bestMs);
  await expectAllWell();
  const operations = new Set(world.takeCalls());
  expect([...operations].toSorted()).toEqual(['DescribeNetworkInterfaces', 'DescribeSubnets']);
});

test('a deployment that takes another ENI on each of 200 nodes gets it near the minimum', async () => {
  await launch();
  await startWithin(MINUTE_MS);
  await expectAllWell();
  world.takeEntries();
  const startedAtMs = world.clock.nowMs();
  await world.settle(
    Promise.all(
      nodes.flatMap((node) => Array.from({ length: 20 }, (_, n) => addPod(node, `more-${n}`))),
    ),
  );
  const bestMs = theoreticalMs('CreateNetworkInterface', NODE_COUNT);
  expect(world.clock.nowMs() - startedAtMs).toBeLessThan(2 * bestMs);
  const entries = world.takeEntries();
  expect(entries.length).toBeLessThan(3 * 3 * NODE_COUNT);
  await expectAllWell();
});
