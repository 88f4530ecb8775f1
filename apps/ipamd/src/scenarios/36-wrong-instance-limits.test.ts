import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { knownInstanceTypes } from '@vpc-cni/aws-emulator';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 36: the table of what an instance type carries is wrong, or does not know the type.

const HOUR_MS = 3_600_000;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

/** An instance type as EC2 really has it, whatever the daemon's table says. */
function really(instanceType: string, enis: number, ipv4PerEni: number): string {
  const [like] = knownInstanceTypes.filter((type) => type.instanceType === 'm5.large');
  if (like === undefined) throw new Error('the emulator knows no m5.large');
  world.cloud.setInstanceType({ ...like, instanceType, enisPerCard: [enis], ipv4PerEni });
  return instanceType;
}

async function started(instanceType: string): Promise<Node> {
  const node = await world.newNode({ WARM_IP_TARGET: '1' }, instanceType);
  node.start();
  await world.clock.advance(20_000);
  return node;
}

async function addPods(node: Node, count: number) {
  const adding = Array.from({ length: count }, (_, n) => node.add(`pod-${n}`));
  const replies = await world.settle(Promise.all(adding));
  return replies.filter(({ kind }) => kind === 'reserved').length;
}

const failuresOf = (node: Node) => node.daemon.log.filter(({ text }) => text === 'pool: failed');

const learned = (node: Node) =>
  node.daemon.log
    .filter(({ text }) => text === 'the instance carries something else')
    .map(({ facts }) => (facts as { limits: { maxEnis: number; addressesPerEni: number } }).limits);

describe('a table that promises too much', () => {
  test('of ENIs costs one refusal; then the node lives with what it has', async () => {
    const node = await started(really('m5.large', 2, 10)); // the table says 3
    expect(await addPods(node, 27)).toBe(18);
    await world.clock.advance(60_000);
    expect(failuresOf(node)).toHaveLength(1);
    expect(learned(node).at(-1)).toMatchObject({ maxEnis: 2 });
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(await world.settle(node.add('one-more'))).toMatchObject({ reason: 'eni-limit' });
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('of addresses costs a few refusals, and the ENIs are filled all the same', async () => {
    const node = await started(really('m5.large', 3, 6)); // the table says 10
    expect(await addPods(node, 15)).toBe(15);
    await world.clock.advance(300_000);
    expect(failuresOf(node).length).toBeLessThanOrEqual(3);
    expect(learned(node).at(-1)).toMatchObject({ addressesPerEni: 6 });
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

describe('a type that the table does not know', () => {
  test('is looked up at EC2', async () => {
    const node = await started(really('m99.huge', 4, 5));
    expect(world.takeCalls()).toContain('DescribeInstanceTypes');
    expect(await addPods(node, 16)).toBe(16);
    expect(failuresOf(node)).toEqual([]);
    await node.stop();
  });

  test('is found out by experience where the node may not ask, and the permission is named', async () => {
    world.cloud.knobs.deny('DescribeInstanceTypes');
    const node = await started(really('m99.huge', 3, 6)); // 4 ENIs of 15 are assumed
    const denied = node.daemon.log.filter(
      ({ facts }) => 'action' in facts && facts.action === 'ec2:DescribeInstanceTypes',
    );
    expect(denied).toHaveLength(1);
    expect(await addPods(node, 15)).toBe(15);
    await world.clock.advance(300_000);
    expect(failuresOf(node).length).toBeLessThanOrEqual(6);
    world.takeCalls();
    await world.clock.advance(HOUR_MS);
    expect(world.takeCalls()).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });
});

test('an instance that carries more than the table says uses what it is known to carry', async () => {
  const node = await started(really('m5.large', 4, 12)); // the table says 3 of 10
  expect(await addPods(node, 30)).toBe(27);
  expect(failuresOf(node)).toEqual([]);
  await node.stop();
});
