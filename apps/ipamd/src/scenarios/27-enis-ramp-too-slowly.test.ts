import { afterEach, describe, expect, test } from '@jest/globals';
import { problemsOf } from './invariants.fixture.ts';
import { createWorld, type World, type WorldOptions } from './world.fixture.ts';

// Pain 27: a node that scales out gets its ENIs one after the other, a poll apart.

let world: World;
afterEach(() => world.close());

const ATTACH_DELAY_MS = 2_000;
const CREATE_MS = 600;
const CALL_MS = 100;

/** So many ADDs at once on an empty node, ms until each has its address. */
async function burst(count: number, options: WorldOptions = {}) {
  world = await createWorld({
    instanceType: 'm5.4xlarge', // 8 ENIs of 29 addresses for pods
    attachDelayMs: ATTACH_DELAY_MS,
    environment: { WARM_IP_TARGET: '1' },
    ...options,
  });
  const node = await world.newNode();
  node.start();
  await world.clock.advance(20_000);
  world.takeCalls();
  const startedAtMs = world.clock.nowMs();
  const waits = await world.settle(
    Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const reply = await node.add(`pod-${n}`);
        return reply.kind === 'reserved' ? world.clock.nowMs() - startedAtMs : reply;
      }),
    ),
  );
  return { node, waits: waits as number[], calls: world.takeCalls() };
}

describe('a hundred pods at once on an empty node', () => {
  test('have their addresses a second after EC2 and the link have done their part', async () => {
    const { node, waits } = await burst(100);
    const ec2Ms = CREATE_MS + 2 * CALL_MS; // create, attach, delete-on-termination
    expect(Math.max(...waits)).toBeLessThanOrEqual(ec2Ms + ATTACH_DELAY_MS + 1_000);
    await world.clock.advance(30_000);
    expect(problemsOf(node)).toEqual([]);
    await node.stop();
  });

  test('need three more ENIs, which come together', async () => {
    const { node, calls } = await burst(100);
    expect(calls.slice(0, 4)).toEqual(
      expect.arrayContaining([
        'CreateNetworkInterface',
        'CreateNetworkInterface',
        'CreateNetworkInterface',
        'AssignPrivateIpAddresses',
      ]),
    );
    await node.stop();
  });
});

test('as many pods as the node can have, with prefixes, come from one call', async () => {
  const { node, waits, calls } = await burst(100, {
    subnetCidr: '10.0.0.0/18',
    environment: { ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' },
  });
  expect(Math.max(...waits)).toBeLessThanOrEqual(1_000);
  expect(calls).toEqual(['AssignPrivateIpAddresses']);
  await node.stop();
});

test('an ENI whose link does not appear keeps nobody waiting but for its own share', async () => {
  world = await createWorld({ environment: { WARM_IP_TARGET: '1' } });
  const node = await world.newNode();
  node.start();
  await world.clock.advance(20_000);
  const startedAtMs = world.clock.nowMs();
  const adding = Promise.all(Array.from({ length: 12 }, (_, n) => node.add(`pod-${n}`)));
  await world.clock.advance(CREATE_MS + 2 * CALL_MS);
  const young = world.cloud.describe().enis.find(({ isPrimary }) => !isPrimary);
  node.site.host.missingMacs.add(young?.mac ?? '');
  const replies = await world.settle(adding);
  expect(replies.map(({ kind }) => kind)).toEqual(Array.from({ length: 12 }, () => 'reserved'));
  expect(world.clock.nowMs() - startedAtMs).toBeLessThan(30_000);
  await world.clock.advance(60_000);
  expect(problemsOf(node)).toEqual([]);
  await node.stop();
});
