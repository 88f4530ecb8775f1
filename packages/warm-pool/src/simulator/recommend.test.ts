import { expect, test } from '@jest/globals';
import { recommend } from './recommend.ts';
import { churn } from './trace-generators.ts';

const m5Large = { maxEnis: 3, addressesPerEni: 10 };
const HOUR_MS = 3_600_000;
const trace = churn({ durationMs: 2 * HOUR_MS, podCount: 12, lifetimeMs: HOUR_MS / 6 });
const config = {
  strategy: 'default',
  limits: m5Large,
  targets: { warmEniTarget: 1, warmIpTarget: 0, minimumIpTarget: 0, maxEnis: 3 },
} as const;

test('the first candidate is the cheapest of those that are acceptable', () => {
  const byIdle = recommend(trace, config, { fewest: 'idle-addresses', maxP99WaitMs: 20_000 });
  const acceptable = byIdle.filter(({ isAcceptable }) => isAcceptable);
  const idle = acceptable.map(({ result }) => result.idleAddressHours);
  expect(acceptable.length).toBeGreaterThan(3);
  expect(idle).toEqual([...idle].sort((a, b) => a - b));
  expect(byIdle.slice(0, acceptable.length)).toEqual(acceptable);
  for (const { result } of acceptable) {
    expect(result.waits.p99Ms).toBeLessThanOrEqual(20_000);
    expect(result.waits.failedCount).toBe(0);
  }

  const byCalls = recommend(trace, config, { fewest: 'ec2-calls', maxP99WaitMs: 20_000 });
  const calls = byCalls.filter((one) => one.isAcceptable).map(({ result }) => result.ec2.callCount);
  expect(calls).toEqual([...calls].sort((a, b) => a - b));
});

test('when nothing is acceptable the shortest waits come first', () => {
  const all = recommend(trace, config, { fewest: 'ec2-calls', maxP99WaitMs: -1 });
  expect(all.some(({ isAcceptable }) => isAcceptable)).toBe(false);
  const waits = all.filter(({ result }) => result.waits.failedCount === 0);
  const p99 = waits.map(({ result }) => result.waits.p99Ms);
  expect(p99).toEqual([...p99].sort((a, b) => a - b));
});

test('what is not searched for stays, and a minimum is never more than max-pods', () => {
  const all = recommend(
    trace,
    { ...config, maxPods: 10 },
    { fewest: 'ec2-calls', maxP99WaitMs: 0 },
  );
  for (const { targets } of all) {
    expect(targets.maxEnis).toBe(3);
    expect(targets.minimumIpTarget).toBeLessThanOrEqual(10);
    expect(targets.warmIpTarget).toBeLessThan(10);
  }
});

test('in prefix mode prefixes are searched instead of ENIs', () => {
  const prefixes = {
    ...config,
    strategy: 'upstream',
    targets: { ...config.targets, assignmentMode: 'prefix' },
  } as const;
  const all = recommend(trace, prefixes, { fewest: 'ec2-calls', maxP99WaitMs: 60_000 });
  expect(all.filter(({ targets }) => targets.warmPrefixTarget === 2)).toHaveLength(1);
  expect(all.every(({ targets }) => targets.warmEniTarget === 1)).toBe(true);
});
