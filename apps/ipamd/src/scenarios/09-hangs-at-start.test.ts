import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 09: the daemon hangs while a dependency is away, and nobody can tell on what it waits.

let world: World;
let node: Node;

beforeEach(async () => {
  world = await createWorld();
  node = await world.newNode();
});
afterEach(() => world.close());

const named = (text: string) =>
  node.daemon.log
    .filter(({ level }) => level === 'warn')
    .map((line) => `${line.text} ${JSON.stringify(line.facts)}`)
    .filter((line) => line.includes(text));

/** How long an ADD takes, or its refusal. */
async function add(podName: string): Promise<number | string> {
  const startedAtMs = world.clock.nowMs();
  const reply = await world.settle(node.add(podName));
  return reply.kind === 'refused' ? reply.reason : world.clock.nowMs() - startedAtMs;
}

describe('while the daemon runs', () => {
  beforeEach(async () => {
    node.start();
    await world.clock.advance(20_000);
  });

  test.each(['ec2', 'imds'] as const)(
    'pods start from the pool although %s hangs',
    async (away) => {
      await world.cloud.knobs.setUnavailable(away, 'hanging');
      await world.clock.advance(120_000);
      for (const podName of ['a', 'b', 'c']) expect(await add(podName)).toBeLessThan(100);
      await world.cloud.knobs.setUnavailable(away, false);
      await world.clock.advance(300_000);
      expect(problemsOf(node)).toEqual([]);
      await node.stop();
    },
  );

  test('the EC2 action that does not answer is named within two seconds of its call', async () => {
    world.cloud.knobs.hang('CreateNetworkInterface');
    await add('a'); // the pool wants another ENI now
    await world.clock.advance(2_200);
    expect(named('ec2:CreateNetworkInterface')).toHaveLength(1);
    await node.stop();
  });

  test('instance metadata that does not answer is named by the comparison that needs it', async () => {
    await world.cloud.knobs.setUnavailable('imds', 'hanging');
    await world.clock.advance(100_000);
    expect(named('cannot compare').join()).toMatch(/metadata|IMDS|169\.254/);
    await node.stop();
  });
});

describe('a restart while EC2 hangs', () => {
  beforeEach(async () => {
    node.start();
    await world.clock.advance(20_000);
    expect(await add('before')).toBeLessThan(100);
    await world.clock.advance(60_000);
    await node.stop();
    world.cloud.knobs.hang('ec2');
    node.start();
  });

  test('serves pods within five seconds, from what the checkpoint and metadata agree on', async () => {
    expect(await add('after')).toBeLessThan(5_000);
    expect(named('EC2 does not answer')).toHaveLength(1);
    expect(named('ec2:DescribeNetworkInterfaces')).not.toEqual([]);
  });

  test('keeps the pods there are', async () => {
    await world.settle(node.daemon.ready);
    const held = node.daemon.pool?.book.reservations() ?? [];
    expect(held.map(({ metadata, eni }) => [metadata.podName, eni?.eniId])).toEqual([
      ['before', node.instance.primaryEniId],
    ]);
  });

  test('believes EC2 again soon after it answers', async () => {
    await world.settle(node.daemon.ready);
    const { eniIds, primaryEniId } = node.instance;
    expect(eniIds).toEqual([primaryEniId]);
    const taken = node.daemon.pool?.book.enis(0)[0]?.freeAddresses[0] ?? '';
    await world.cloud.outside.unassign(primaryEniId, [taken]);
    world.cloud.knobs.resume('ec2');
    await world.clock.advance(30_000);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('does not serve an address that metadata no longer shows', async () => {
    node.kill();
    world.cloud.knobs.resume('ec2');
    const { primaryEniId } = node.instance;
    const eni = world.cloud.describe().enis.find(({ eniId }) => eniId === primaryEniId);
    const free = (eni?.secondaryAddresses ?? []).filter(
      (address) => ![...node.site.host.pods.values()].some((pod) => pod.address === address),
    );
    await world.cloud.outside.unassign(primaryEniId, free.slice(1));
    world.cloud.knobs.hang('ec2');
    node.start();
    expect(await add('first')).toBeLessThan(5_000);
    expect(node.site.host.pods.get('first')?.address).toBe(free[0]);
    expect(node.daemon.pool?.book.enis(0)[0]).toMatchObject({ reservedCount: 2, freeCount: 0 });
    expect(world.violations).toEqual([]);
  });
});

describe('a first start', () => {
  test.each([
    { away: 'ec2', phase: 'reading the ENIs (IMDS and EC2)' },
    { away: 'imds', phase: 'reading instance metadata (IMDS)' },
  ] as const)(
    'names $away while it hangs, and goes on when it is back',
    async ({ away, phase }) => {
      await world.cloud.knobs.setUnavailable(away, 'hanging');
      node.start();
      await world.clock.advance(2_200);
      expect(node.daemon.phase.name).toBe(phase);
      if (away === 'ec2') expect(named('ec2:DescribeNetworkInterfaces')).toHaveLength(1);
      await world.clock.advance(120_000);
      expect(node.daemon.phase).toMatchObject({ name: phase, failure: expect.any(String) });
      await world.cloud.knobs.setUnavailable(away, false);
      await world.clock.advance(120_000);
      expect(await add('a')).toBeLessThan(5_000);
      await world.clock.advance(30_000);
      expect(problemsOf(node)).toEqual([]);
      await node.stop();
    },
  );

  test.each(['refused', 'reset'] as const)('goes on after EC2 was %s', async (mode) => {
    await world.cloud.knobs.setUnavailable('ec2', mode);
    node.start();
    await world.clock.advance(10_000);
    expect(node.daemon.phase.failure).toMatch(/DescribeNetworkInterfaces/);
    await world.cloud.knobs.setUnavailable('ec2', false);
    expect(await add('a')).toBeLessThan(10_000);
    await node.stop();
  });
});
