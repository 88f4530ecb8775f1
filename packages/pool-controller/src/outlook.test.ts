import { describe, expect, test } from '@jest/globals';
import type { NodeOutlook } from './controller.ts';
import { createFakeNode, type FakeNode, type FakeNodeOptions, primaryOf } from './fake-node.ts';

// What is known of the node's future, and who provides for it, decide what the pool may do.

const STAYS: NodeOutlook = { isSchedulable: true, isLeaving: false };
const CORDONED: NodeOutlook = { isSchedulable: false, isLeaving: false };
const LEAVING: NodeOutlook = { isSchedulable: true, isLeaving: true };

const podKey = (containerId: string) => ({
  networkName: 'aws-cni',
  containerId,
  interfaceName: 'eth0',
});

/** Runs long enough for the pool to grow and to give back; calls that change something. */
async function changesOf(options: FakeNodeOptions, play?: (node: FakeNode) => Promise<void>) {
  const node = createFakeNode({
    targets: { warmEniTarget: 0, warmIpTarget: 1, minimumIpTarget: 0 },
    addressCooldownMs: 0,
    ...options,
  });
  await node.controller.adopt();
  node.controller.start();
  await play?.(node);
  await node.clock.advance(120_000);
  const stopping = node.controller.stop();
  await node.clock.advance(1);
  await stopping;
  return node.calls.filter((call) => !call.startsWith('describe'));
}

describe.each([
  { future: 'stays', outlook: STAYS, grows: true, shrinks: true },
  { future: 'is cordoned', outlook: CORDONED, grows: false, shrinks: false },
  { future: 'is leaving', outlook: LEAVING, grows: true, shrinks: false },
])('a node that $future', ({ outlook, grows, shrinks }) => {
  test(`${grows ? 'grows' : 'does not grow'} to its warm target`, async () => {
    const changes = await changesOf({ outlook: () => outlook });
    expect(changes).toEqual(grows ? ['assignAddresses eni-0 1'] : []);
  });

  test(`${shrinks ? 'gives back' : 'keeps'} what it has too much`, async () => {
    const changes = await changesOf({ outlook: () => outlook, primaryAddressCount: 3 });
    expect(changes).toEqual(shrinks ? ['unassignAddresses eni-0 2'] : []);
  });
});

test('a node that is uncordoned grows at its next look', async () => {
  let outlook = CORDONED;
  const changes = await changesOf({ outlook: () => outlook }, async ({ clock }) => {
    await clock.advance(60_000);
    outlook = STAYS;
  });
  expect(changes).toEqual(['assignAddresses eni-0 1']);
});

describe('with provisioning disabled', () => {
  test.each([
    { name: 'grows', primaryAddressCount: 0 },
    { name: 'gives back', primaryAddressCount: 3 },
  ])('a node never $name by itself', async ({ primaryAddressCount }) => {
    const changes = await changesOf({ provisions: false, primaryAddressCount });
    expect(changes).toEqual([]);
  });

  test('a pod that finds nothing is told so at once, and served from what others assign', async () => {
    const node = createFakeNode({ provisions: false });
    await node.controller.adopt();
    node.controller.start();
    const { signal } = new AbortController();
    const refused = node.desk.reserve(podKey('a'), {}, { signal });
    await node.clock.advance(1_000);
    expect(await refused).toMatchObject({
      kind: 'refused',
      reason: 'provisioning-disabled',
      message: expect.stringContaining('DISABLE_NETWORK_RESOURCE_PROVISIONING'),
    });
    node.ec2.set('eni-0', { ...primaryOf(node), secondaryAddresses: ['10.0.9.9'] });
    await node.clock.advance(60_000);
    const served = node.desk.reserve(podKey('a'), {}, { signal });
    await node.clock.advance(1_000);
    expect(await served).toMatchObject({ reservations: [{ address: '10.0.9.9' }] });
    const stopping = node.controller.stop();
    await node.clock.advance(1);
    await stopping;
  });
});
