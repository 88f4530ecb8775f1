import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { enisOf, podAddressesOf } from './ec2-view.fixture.ts';
import { problemsOf } from './invariants.fixture.ts';
import type { Node } from './node.fixture.ts';
import { createWorld, type World } from './world.fixture.ts';

// Pain 05: prefix mode gives pods nothing where a subnet has no whole /28, however many addresses it has.

const MINUTE_MS = 60_000;
const ENVIRONMENT = { ENABLE_PREFIX_DELEGATION: 'true', ENABLE_SUBNET_DISCOVERY: 'false' };

let world: World;
let node: Node;
/** What stands in the way of prefixes. */
let scattered: readonly string[];
beforeEach(async () => {
  world = await createWorld(); // m5.large: 3 ENIs of 9 slots
  scattered = world.cloud.outside.fragment(world.subnet.subnetId);
  node = await world.newNode(ENVIRONMENT);
});
afterEach(() => world.close());

async function start(): Promise<void> {
  node.start();
  await world.clock.advance(20_000);
}

const names = (count: number, prefix = 'pod') =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`);

async function add(podNames: readonly string[]): Promise<void> {
  const replies = await world.settle(Promise.all(podNames.map((podName) => node.add(podName))));
  expect(replies.filter(({ kind }) => kind !== 'reserved')).toEqual([]);
}

const remove = (podNames: readonly string[]) =>
  world.settle(Promise.all(podNames.map((podName) => node.del(podName))));

/** Single addresses and prefixes, as EC2 has them. */
function blocks() {
  const enis = enisOf(world.cloud, node.instance.instanceId);
  return {
    singles: enis.flatMap(({ secondaryAddresses }) => secondaryAddresses).length,
    prefixes: enis.flatMap(({ prefixes }) => prefixes),
  };
}

const addressesOfPods = () =>
  new Map([...node.site.host.pods.values()].map(({ podName, address }) => [podName, address]));

/** Minutes at which a prefix was asked for since the last look, from the first attempt. */
function prefixCallMinutes(): readonly number[] {
  const calls = world
    .takeEntries()
    .filter(({ parameters }) => parameters['Ipv4PrefixCount'] !== undefined);
  return calls.map(({ atMs }) => Math.round((atMs - (calls[0]?.atMs ?? 0)) / MINUTE_MS));
}

async function end(): Promise<void> {
  await world.clock.advance(MINUTE_MS);
  const { totalCount } = node.daemon.pool?.book.statistics(world.clock.nowMs()) ?? {};
  expect(totalCount).toBe(
    enisOf(world.cloud, node.instance.instanceId).flatMap(podAddressesOf).length,
  );
  expect(problemsOf(node)).toEqual([]);
  expect(world.violations).toEqual([]);
  await node.stop();
}

describe('pods start in a scattered subnet', () => {
  test('after one extra call', async () => {
    node.start();
    await add(['pod-0']);
    await world.clock.advance(20_000);
    const assigned = world
      .takeEntries()
      .filter(({ operation }) => !/^(Describe|CreateTags)/.test(operation))
      .map(({ operation, outcome }) => `${operation}: ${outcome}`);
    expect(assigned).toEqual([
      'AssignPrivateIpAddresses: InsufficientCidrBlocks',
      'AssignPrivateIpAddresses: ok',
    ]);
    await end();
  });

  test('as many as there are slots, with no more calls that must fail', async () => {
    await start();
    world.takeEntries();
    await add(names(27));
    expect(prefixCallMinutes()).toEqual([]);
    expect(blocks()).toEqual({ singles: 27, prefixes: [] });
    await end();
  });

  test('that has fewer addresses than a prefix', async () => {
    await world.close();
    world = await createWorld({ subnetCidr: '10.0.0.0/28', environment: ENVIRONMENT });
    node = await world.newNode();
    await start();
    await add(names(9));
    expect(blocks()).toEqual({ singles: 9, prefixes: [] });
    await end();
  });
});

test('a pod that finds the node full is told what would help, now and long after', async () => {
  await start();
  await add(names(27));
  const reply = () => world.settle(node.add('late'));
  const refusal = {
    kind: 'refused',
    reason: 'no-free-prefix',
    message:
      'of 27 addresses on this node 27 are in use, 0 cooling down, 0 on their way back to EC2; ' +
      '2 addresses cannot be had: the ENIs are full, and 3 of at most 3 are in use. ' +
      'Single addresses take the room of prefixes: ' +
      '[no-free-prefix] assigning 1 prefixes to eni-00000000000000001 (ec2:AssignPrivateIpAddresses): ' +
      'InsufficientCidrBlocks: The specified subnet does not have enough free cidr blocks to satisfy ' +
      'the request; ask for single addresses, reserve a block for prefixes in the subnet, or use ' +
      'another subnet',
  };
  expect(await reply()).toEqual(refusal);
  await world.clock.advance(20 * MINUTE_MS);
  expect(await reply()).toEqual(refusal);
  await end();
});

test('prefixes are asked for again after 2, 4, 8 and then every 16 minutes', async () => {
  await start();
  await world.clock.advance(65 * MINUTE_MS);
  expect(prefixCallMinutes()).toEqual([0, 2, 6, 14, 30, 46, 62]);
  await end();
});

describe('when a subnet has whole /28 again', () => {
  test('the node turns to prefixes, and no pod notices', async () => {
    await start();
    await add(names(12));
    const before = addressesOfPods();
    world.cloud.outside.vacate(world.subnet.subnetId, scattered);
    await world.clock.advance(20 * MINUTE_MS);
    expect(addressesOfPods()).toEqual(before);
    expect(blocks()).toEqual({ singles: 12, prefixes: [expect.stringMatching(/\/28$/)] });

    await add(names(4, 'new'));
    expect(blocks().singles).toBe(12);
    const [prefix = ''] = blocks().prefixes;
    const ofPrefix = prefix.replace(/\d+\/28$/, '');
    for (const name of names(4, 'new')) {
      expect(addressesOfPods().get(name)?.startsWith(ofPrefix)).toBe(true);
    }
    await end();
  });

  test('single addresses go with their pods', async () => {
    await start();
    await add(names(12));
    world.cloud.outside.vacate(world.subnet.subnetId, scattered);
    await world.clock.advance(20 * MINUTE_MS);
    await remove(names(12));
    await world.clock.advance(30 * MINUTE_MS);
    expect(blocks()).toEqual({ singles: 0, prefixes: [expect.stringMatching(/\/28$/)] });
    await end();
  });

  test('a full node makes room for them as pods leave', async () => {
    await start();
    await add(names(27));
    world.cloud.outside.vacate(world.subnet.subnetId, scattered);
    await world.clock.advance(20 * MINUTE_MS);
    expect(blocks()).toEqual({ singles: 27, prefixes: [] });
    await remove(['pod-0']);
    await world.clock.advance(20 * MINUTE_MS);
    expect(blocks()).toEqual({ singles: 26, prefixes: [expect.stringMatching(/\/28$/)] });
    await add(names(16, 'new'));
    await end();
  });
});

test('what the operator has reserved for prefixes is used first', async () => {
  const { subnetId } = world.subnet;
  // Two whole /28 that the operator has cleared and reserved, and one before them that nobody has.
  world.cloud.outside.vacate(subnetId, ['10.0.1.8', '10.0.2.8', '10.0.2.24']);
  await world.cloud.outside.reserveCidr(subnetId, '10.0.2.0/27', 'prefix');
  await start();
  await add(names(17));
  expect(blocks()).toEqual({ singles: 0, prefixes: ['10.0.2.0/28', '10.0.2.16/28'] });
  await end();
});
