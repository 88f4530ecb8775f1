import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Reservation } from '@vpc-cni/ipam';
import { EC2_LAG_MS, type PoolEvent } from '@vpc-cni/pool-controller';
import { enisOf } from './ec2-view.fixture.ts';
import { problemsAtAnyMoment, problemsOf } from './invariants.fixture.ts';
import { killEverywhere, type Life, type PlayOptions, play } from './kill-everywhere.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 06: after a restart, stale reads make the daemon hand out dead addresses or delete an ENI that is in use.

interface Lag {
  /** How far instance metadata is behind. */
  readonly imdsMs: number;
  /** How far EC2's Describe actions are behind. */
  readonly ec2Ms: number;
}

const WORST: Lag = { imdsMs: 120_000, ec2Ms: 5_000 };

/** From nothing to the worst, in another mixture for each turn. */
const lagOf = (turn: number): Lag => ({
  imdsMs: (turn * 37_000) % (WORST.imdsMs + 1),
  ec2Ms: (turn * 1_300) % (WORST.ec2Ms + 1),
});

function lagBehind({ cloud }: World, { imdsMs, ec2Ms }: Lag): void {
  cloud.knobs.setLag('imds', imdsMs);
  cloud.knobs.setLag('ec2', ec2Ms);
}

const SMALL: PlayOptions = {
  instanceType: 't3.small', // 3 ENIs of 3 addresses for pods
  environment: { WARM_IP_TARGET: '1' },
  isFatal: (moment) => moment.startsWith('EC2'),
  isWatched: true,
};

/** Grows on the primary ENI and by an ENI, gives addresses and the ENI back, and grows again. */
async function comeAndGo({ addPods, removePods, pass }: Life): Promise<void> {
  await addPods('a');
  await addPods('b', 'c', 'd');
  await removePods('b', 'c', 'd');
  await pass(120_000);
  await addPods('e');
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

const isAfterAssignment = (moment: string) => moment === 'EC2 AssignPrivateIpAddresses: after';

/** Until metadata shows it, and it has been compared with. */
const NOTICED_MS = 240_000;

/** What the daemon has heard EC2 not to assign any more. */
const takenAwayFrom = ({ daemon }: Node) =>
  daemon.log
    .filter(({ text }) => text === 'pool: addresses-corrected')
    .map(({ facts }) => facts as Extract<PoolEvent, { readonly kind: 'addresses-corrected' }>)
    .flatMap(({ removed, stranded }) => [...removed, ...stranded]);

test('a kill before or after any EC2 call does no harm, however stale the reads are afterwards', async () => {
  let turn = 0;
  const all = await killEverywhere(SMALL, (life) => {
    lagBehind(life.world, lagOf(turn));
    turn += 1;
    return comeAndGo(life);
  });
  expect(all.filter(({ problems }) => problems.length > 0)).toEqual([]);

  expect(all.length).toBeGreaterThan(20);
});

describe.each([
  { answers: 'one answer', count: 1 },
  { answers: 'three answers in a row', count: 3 },
])('$answers lost', ({ count }) => {
  test.each([
    'CreateNetworkInterface',
    'AttachNetworkInterface',
    'ModifyNetworkInterfaceAttribute',
    'AssignPrivateIpAddresses',
    'UnassignPrivateIpAddresses',
    'DetachNetworkInterface',
    'DeleteNetworkInterface',
  ] as const)('of %s does no harm, while reads are stale', async (action) => {
    const { problems } = await play(SMALL, async (life) => {
      lagBehind(life.world, WORST);
      life.world.cloud.knobs.failNext(action, { cut: true, when: 'after', count });
      await comeAndGo(life);
      const outcomes = life.world.takeEntries().filter(({ operation }) => operation === action);
      expect(outcomes.map(({ outcome }) => outcome)).toContain('unanswered');
    });
    expect(problems).toEqual([]);
  });
});

describe('with pods on two ENIs', () => {
  let world: World;
  let node: Node;

  beforeEach(async () => {
    world = await createWorld({ instanceType: 'm5.large' }); // ENIs of 9 addresses for pods
    node = await world.newNode({ WARM_IP_TARGET: '2' });
    node.start();
    await add(...names('pod', 12));
    await world.clock.advance(60_000);
    lagBehind(world, WORST);
  });
  afterEach(async () => {
    expect(world.violations).toEqual([]);
    await node.stop();
    await world.close();
  });

  const add = (...podNames: readonly string[]) =>
    world.settle(Promise.all(podNames.map((podName) => node.add(podName))));

  const book = () => {
    if (node.daemon.pool === undefined) throw new Error(`the daemon is ${node.daemon.phase.name}`);
    return node.daemon.pool.book;
  };
  /** The ENI that still has room, and one of its free addresses. */
  function roomy() {
    for (const { eniId, freeAddresses } of book().enis(world.clock.nowMs())) {
      const [free] = freeAddresses;
      if (free !== undefined) return { eniId, free };
    }
    throw new Error('no address is free');
  }
  const podsOn = (eniId: string) =>
    book()
      .reservations()
      .filter(({ eni }) => eni?.eniId === eniId);
  const podOn = (eniId: string) => {
    const [pod] = podsOn(eniId);
    if (pod === undefined) throw new Error(`no pod is on ${eniId}`);
    return pod;
  };
  /** In whichever slot is free. */
  const attach = (eniId: `eni-${string}`) => {
    const { instanceId } = node.instance;
    const used = enisOf(world.cloud, instanceId).map(({ deviceIndex }) => deviceIndex);
    const deviceIndex = [1, 2].find((index) => !used.includes(index)) ?? 0;
    return world.cloud.outside.attachEni(eniId, { instanceId, deviceIndex });
  };
  const eniOf = ({ key }: Reservation) => book().find(key)?.eni?.eniId;

  test('addresses that somebody unassigned go to nobody, and their pods keep them', async () => {
    const { eniId, free } = roomy();
    const pod = podOn(eniId);
    await world.cloud.outside.unassign(eniId, [pod.address, free]);
    await world.clock.advance(NOTICED_MS);
    expect(eniOf(pod)).toBeUndefined();
    await add(...names('more', 8));
    await world.clock.advance(60_000);
    expect(problemsOf(node)).toEqual([
      `${pod.metadata.podName} has ${pod.address}, which EC2 does not assign`,
    ]);
  });

  test('an address that somebody moved to the other ENI is led by that one', async () => {
    const pod = podOn(node.instance.primaryEniId);
    const { eniId } = roomy();
    await world.cloud.outside.moveAddress(pod.address, eniId);
    await world.clock.advance(NOTICED_MS);
    expect(eniOf(pod)).toBe(eniId);
    expect(problemsOf(node)).toEqual([]);
  });

  test('an address that somebody moved to another instance goes to nobody here', async () => {
    const pod = podOn(node.instance.primaryEniId);
    const other = await world.newNode();
    await world.cloud.outside.moveAddress(pod.address, other.instance.primaryEniId);
    await world.clock.advance(NOTICED_MS);
    expect(eniOf(pod)).toBeUndefined();
    await world.settle(node.del(pod.key.containerId));
    await add(...names('more', 8));
    await world.clock.advance(60_000);
    expect(problemsOf(node)).toEqual([]);
  });

  test('an address that somebody assigned is taken over', async () => {
    await world.cloud.outside.assign(roomy().eniId, { addressCount: 1 });
    await world.clock.advance(NOTICED_MS);
    expect(problemsOf(node)).toEqual([]);
  });

  test('an ENI that somebody detached under its pods is not deleted, and serves when it is back', async () => {
    const { eniId } = roomy();
    const pods = podsOn(eniId);
    await world.cloud.outside.detachEni(eniId);
    await world.clock.advance(NOTICED_MS);
    expect(pods.map(eniOf)).toEqual(pods.map(() => undefined));
    node.kill();
    node.start();
    await world.clock.advance(NOTICED_MS); // it looks for what its predecessor may have left
    await attach(eniId);
    await world.clock.advance(NOTICED_MS);
    expect(pods.map(eniOf)).toEqual(pods.map(() => eniId));
    expect(problemsOf(node)).toEqual([]);
  });

  test('what EC2 assigned a moment ago is not taken for gone because its answers are older', async () => {
    const lose = { cut: true, when: 'after' } as const;
    world.cloud.knobs.failNext('AssignPrivateIpAddresses', lose);
    await add('a');
    const isLost = () => world.cloud.journal.some(({ outcome }) => outcome === 'unanswered');
    while (!isLost()) await world.clock.advance(100);
    await world.clock.advance(EC2_LAG_MS - 2_000); // then EC2 is asked what became of it
    await add('b', 'c');
    await world.clock.advance(60_000);
    expect(takenAwayFrom(node)).toEqual([]);
    expect(problemsOf(node)).toEqual([]);
  });
});

test('what EC2 took back a moment ago is not given out because its answers are older', async () => {
  const world = await createWorld();
  const node = await world.newNode({ WARM_IP_TARGET: '1' });
  const killed = node.start({ WARM_IP_TARGET: '6' }, { killAt: 0, isFatal: isAfterAssignment });
  await world.clock.advance(20_000);
  expect(killed.fate.isDead).toBe(true);
  lagBehind(world, WORST);
  // Back it goes, slowly, and just then the comparison is due that the killed daemon's intent asks for.
  world.cloud.knobs.latencyMs.UnassignPrivateIpAddresses = 11_000;
  node.start();
  for (let second = 0; second < 60; second += 1) {
    await world.clock.advance(1_000);
    expect(problemsAtAnyMoment(node)).toEqual([]);
  }
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
  await world.close();
});
