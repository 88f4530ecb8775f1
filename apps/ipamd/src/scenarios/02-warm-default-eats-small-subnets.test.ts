import { describe, expect, test } from '@jest/globals';
import { parseWarmTargets } from '@vpc-cni/warm-pool';
import { limitsOf } from '@vpc-cni/warm-pool/limits';
import { churn, compare, cron, diurnal, type Trace } from '@vpc-cni/warm-pool/simulator';
import fc from 'fast-check';
import { problemsOf } from './invariants.fixture.ts';
import { createWorld } from './world.fixture.ts';

// Pain 02: whole ENIs kept warm eat small subnets.

const HOUR_MS = 3_600_000;

/** A node's addresses over a trace, with the AWS VPC CNI's decisions and with ours. */
function lives(trace: Trace, environment: Readonly<Record<string, string>>) {
  const limits = limitsOf('m5.xlarge'); // 4 ENIs of 14 addresses for pods
  if (limits === undefined) throw new Error('m5.xlarge is not in the table');
  const targets = parseWarmTargets(environment);
  const settings = (['upstream', 'default'] as const).map((strategy) => ({
    name: strategy,
    config: { strategy, limits, targets },
  }));
  const [upstream, ours] = compare(trace, settings).map(({ result }) => result);
  if (upstream === undefined || ours === undefined) throw new Error('two results were asked for');
  return { upstream, ours };
}

const MINUTE_MS = 60_000;
const traces = [
  {
    name: 'a day of work',
    trace: diurnal({
      durationMs: 24 * HOUR_MS,
      lowPodCount: 4,
      highPodCount: 36,
      lifetimeMs: 2 * HOUR_MS,
    }),
  },
  {
    name: 'steady churn',
    trace: churn({ durationMs: 6 * HOUR_MS, podCount: 18, lifetimeMs: 20 * MINUTE_MS }),
  },
  {
    name: 'cron jobs',
    trace: cron({
      durationMs: 6 * HOUR_MS,
      podCount: 10,
      everyMs: 10 * MINUTE_MS,
      lifetimeMs: 2 * MINUTE_MS,
    }),
  },
];

describe.each(traces)('over $name', ({ trace }) => {
  test('whole ENIs idle hardly longer than with the AWS VPC CNI, and no ADD fails', () => {
    const { upstream, ours } = lives(trace, { WARM_ENI_TARGET: '1' });
    // Ours keeps an ENI whose pods tend to come back, instead of asking for it again.
    expect(ours.idleAddressHours).toBeLessThanOrEqual(1.1 * upstream.idleAddressHours);
    expect(ours.peakHeldCount).toBeLessThanOrEqual(upstream.peakHeldCount);
    expect(ours.waits.maxMs).toBeLessThanOrEqual(upstream.waits.maxMs);
    expect(ours.addFailureCount).toBe(0);
  });

  test('an address target halves what idles, and no ADD fails for it', () => {
    const wholeEnis = lives(trace, { WARM_ENI_TARGET: '1' });
    const { upstream, ours } = lives(trace, { WARM_IP_TARGET: '2' });
    expect(ours.idleAddressHours).toBeLessThan(0.5 * wholeEnis.upstream.idleAddressHours);
    expect(ours.addFailureCount).toBe(0);
    expect(ours.waits.maxMs).toBeLessThanOrEqual(upstream.waits.maxMs);
  });
});

test('a node at rest holds what its pods need and its targets ask for, and no address more', async () => {
  const lifeOfANode = fc.record({
    podCount: fc.integer({ min: 0, max: 27 }),
    warm: fc.integer({ min: 1, max: 6 }),
    minimum: fc.integer({ min: 0, max: 12 }),
    leaving: fc.integer({ min: 0, max: 27 }),
  });
  await fc.assert(
    fc.asyncProperty(lifeOfANode, async ({ podCount, warm, minimum, leaving }) => {
      const environment = { WARM_IP_TARGET: `${warm}`, MINIMUM_IP_TARGET: `${minimum}` };
      const world = await createWorld({ environment });
      const node = await world.newNode();
      node.start();
      await world.clock.advance(20_000);
      const names = Array.from({ length: podCount }, (_, n) => `pod-${n}`);
      await world.settle(Promise.all(names.map((name) => node.add(name))));
      await world.settle(Promise.all(names.slice(0, leaving).map((name) => node.del(name))));
      await world.clock.advance(720_000); // an idle ENI is kept for ten minutes of them
      const left = Math.max(0, podCount - leaving);
      const { totalCount } = node.daemon.pool?.book.statistics(world.clock.nowMs()) ?? {};
      expect(totalCount).toBe(Math.min(27, Math.max(left + warm, minimum)));
      expect(problemsOf(node)).toEqual([]);
      await node.stop();
      await world.close();
    }),
    { numRuns: 10 },
  );
});

test('a small subnet is shared: what one node gives back, another gets', async () => {
  const world = await createWorld({
    subnetCidr: '10.0.0.0/27', // 27 addresses for ENIs and pods
    environment: { WARM_IP_TARGET: '1' },
  });
  const [first, second] = [await world.newNode(), await world.newNode()];
  for (const node of [first, second]) node.start();
  await world.clock.advance(20_000);
  const names = Array.from({ length: 16 }, (_, n) => `pod-${n}`);
  await world.settle(Promise.all(names.map((name) => first.add(name))));
  await world.settle(Promise.all(names.map((name) => first.del(name))));
  await world.clock.advance(600_000);
  const replies = await world.settle(Promise.all(names.map((name) => second.add(name))));
  expect(replies.filter(({ kind }) => kind === 'reserved')).toHaveLength(16);
  await world.clock.advance(60_000);
  expect(problemsOf(first, second)).toEqual([]);
  for (const node of [first, second]) await node.stop();
  await world.close();
});
