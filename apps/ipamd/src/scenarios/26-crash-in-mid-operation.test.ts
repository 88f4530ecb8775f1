import { describe, expect, test } from '@jest/globals';
import { killEverywhere, type Life } from './kill-everywhere.fixture.ts';
import type { World } from './world.fixture.ts';

// Pain 26: a crash in the middle of an operation loses an ENI or blocks the start.

/** The daemon is killed before and after every EC2 call, and before every write. */
async function outcomes(
  environment: Readonly<Record<string, string>>,
  story: (life: Life) => Promise<void>,
  prepare?: (world: World) => void,
) {
  const all = await killEverywhere(
    { environment, ...(prepare === undefined ? {} : { prepare }) },
    story,
  );
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
    { reads: 'see every write at once', prepare: undefined },
    { reads: 'are stale', prepare: lagging },
  ])('survives a kill at any moment, while reads $reads', async ({ prepare }) => {
    const { count, failed } = await outcomes(environment, growAndShrink, prepare);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(20);
  });
});
