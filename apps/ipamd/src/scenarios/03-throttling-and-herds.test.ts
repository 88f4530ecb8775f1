import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 03: a fleet that starts at once is throttled, and its retries throttle everybody else.

const NODE_COUNT = 40;
/** Calls a second that EC2 bears of each action that changes something, and at once. */
const BUCKET = { burst: 10, perSecond: 1 };
/** As EC2 documents them for actions that read. */
const READ_BUCKET = { burst: 100, perSecond: 20 };

let world: World;
let nodes: Node[];

beforeEach(async () => {
  world = await createWorld({
    subnetCidr: '10.0.0.0/18',
    environment: { WARM_IP_TARGET: '2' },
  });
  nodes = [];
  for (let n = 0; n < NODE_COUNT; n += 1) nodes.push(await world.newNode());
  const { knobs } = world.cloud;
  for (const action of ['AssignPrivateIpAddresses', 'CreateTags'] as const) {
    knobs.setBucket(action, BUCKET);
  }
  knobs.setBucket('DescribeNetworkInterfaces', READ_BUCKET);
});
afterEach(() => world.close());

const isReady = ({ daemon, site }: Node) =>
  (daemon.pool?.book.statistics(site.clock.nowMs()).totalCount ?? 0) >= 2;

test('a fleet that starts at once is ready about as soon as EC2 bears, and few calls are in vain', async () => {
  for (const node of nodes) node.start();
  const startedAtMs = world.clock.nowMs();
  while (!nodes.every(isReady)) await world.clock.advance(1_000);
  const readyAfterS = (world.clock.nowMs() - startedAtMs) / 1_000;
  const leastS = (NODE_COUNT - BUCKET.burst) / BUCKET.perSecond;
  expect(readyAfterS).toBeLessThan(3 * leastS);

  const entries = world.takeEntries();
  const throttled = entries.filter(({ outcome }) => outcome === 'RequestLimitExceeded');
  // Each node has to hear it at least once to learn; none may hammer.
  const mostOfOneNode = Math.max(
    ...nodes.map(
      (node) =>
        throttled.filter((entry) => JSON.stringify(entry).includes(node.instance.primaryEniId))
          .length,
    ),
  );
  expect(mostOfOneNode).toBeLessThan(20);

  await world.clock.advance(300_000);
  expect(problemsOf(...nodes)).toEqual([]);
  for (const node of nodes) node.kill();
});

test('a fleet at rest asks nothing in an hour', async () => {
  for (const node of nodes.slice(0, 5)) node.start();
  await world.clock.advance(600_000);
  world.takeCalls();
  await world.clock.advance(3_600_000);
  expect(world.takeCalls()).toEqual([]);
  for (const node of nodes.slice(0, 5)) node.kill();
});

test('a node that was throttled slows down, and is as fast as before once EC2 lets it', async () => {
  const [node] = nodes;
  if (node === undefined) throw new Error('no node');
  world.cloud.knobs.setBucket('AssignPrivateIpAddresses', { burst: 1, perSecond: 0.1 });
  node.start();
  await world.clock.advance(20_000);
  const gauge = async (name: string) => {
    const text = await node.daemon.metrics.registry.metrics();
    const line = new RegExp(`^${name}\\{fn="AssignPrivateIpAddresses"\\} (\\S+)$`, 'm').exec(text);
    return Number(line?.[1]);
  };
  const atFirst = await gauge('awscni_ec2api_budget_per_second');
  for (let n = 0; n < 12; n += 1) {
    await world.settle(node.add(`pod-${n}`).catch(() => undefined));
    await world.clock.advance(1_000);
  }
  expect(await gauge('awscni_ec2api_throttled_count')).toBeGreaterThan(0);
  expect(await gauge('awscni_ec2api_budget_per_second')).toBeLessThan(atFirst);
  world.cloud.knobs.setBucket('AssignPrivateIpAddresses', undefined);
  for (let round = 0; round < 60; round += 1) {
    await world.settle(node.add(`more-${round}`));
    await world.settle(node.del(`more-${round}`));
    await world.clock.advance(30_000);
  }
  await world.clock.advance(120_000);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});
