import { describe, expect, test } from '@jest/globals';
import { killEverywhere, type Life, type PlayOptions } from './kill-everywhere.fixture.ts';
import type { World } from './world.fixture.ts';

// Pain 26: a crash in the middle of an operation loses an ENI or blocks the start.

/** The daemon is killed before and after every EC2 call, and before every write. */
async function outcomes(
  environment: Readonly<Record<string, string>>,
  story: (life: Life) => Promise<void>,
  options: PlayOptions = {},
) {
  const all = await killEverywhere({ ...options, environment }, story);
  return { count: all.length, failed: all.filter(({ problems }) => problems.length > 0) };
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

/** Grows by addresses and by an ENI, then gives both back. */
async function growAndShrink({ addPods, removePods, pass }: Life): Promise<void> {
  await addPods(...names('a', 3));
  await addPods(...names('b', 8));
  await removePods(...names('b', 8));
  await pass(180_000);
  await addPods('c');
}

const lagging = ({ cloud }: World) => {
  cloud.knobs.setLag('DescribeNetworkInterfaces', 4_000);
  cloud.knobs.setLag('imds', 90_000);
};

describe.each([
  { name: 'single addresses', environment: { WARM_IP_TARGET: '1' } },
  {
    name: 'prefixes',
    environment: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
  },
])('a node with $name', ({ environment }) => {
  test.each([
    { reads: 'see every write at once', options: {} },
    { reads: 'are stale', options: { prepare: lagging } },
  ])('survives a kill at any moment, while reads $reads', async ({ options }) => {
    const { count, failed } = await outcomes(environment, growAndShrink, options);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(20);
  });
});

test('an ENI that was on its way at the kill is like any other', async () => {
  const twoEnis: PlayOptions = { instanceType: 't3.micro' }; // of one address for pods each
  const { count, failed } = await outcomes({}, ({ addPods }) => addPods('a', 'b'), twoEnis);
  expect(failed).toEqual([]);
  expect(count).toBeGreaterThan(15);
});
