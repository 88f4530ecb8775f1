import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Ec2Intent, EniId, Ipv4Address } from '@vpc-cni/ipam';
import { codedError, createFakeNode, type FakeNode, primaryOf } from './fake-node.ts';
import { EC2_LAG_MS } from './intent-keeper.ts';
import type { ObservedEni } from './ports.ts';

// Comparisons with an EC2 whose reads are behind its writes, after something was changed.

const FIRST: Ipv4Address = '10.0.8.2';
const SECOND: Ipv4Address = '10.0.8.3';

let node: FakeNode;
let second: ObservedEni;

beforeEach(() => {
  node = createFakeNode();
  second = {
    ...primaryOf(node),
    eniId: 'eni-1',
    deviceNumber: 1,
    isPrimary: false,
    primaryAddress: '10.0.8.1',
    secondaryAddresses: [FIRST, SECOND],
  };
  node.ec2.set('eni-1', second);
});

/** An earlier process was asking EC2 for this when it died. */
async function inherit(intent: Ec2Intent): Promise<void> {
  await node.controller.adopt();
  node.book.restore({ allocations: [], recentReleases: [], intents: [intent] }, 0);
}

/** What the pool has and could give to a pod, by ENI. */
const freeOf = (eniId: EniId) =>
  node.book
    .enis(node.clock.nowMs())
    .find((eni) => eni.eniId === eniId)
    ?.freeAddresses.toSorted();

async function stop(): Promise<void> {
  const stopping = node.controller.stop();
  await node.clock.advance(1);
  await stopping;
}

describe('while EC2 may not show yet what became of an intent', () => {
  const base = { intentId: 'left', atMs: 0, eniId: 'eni-1' } as const;

  test('an ENI that EC2 does not show stays', async () => {
    await inherit({ ...base, kind: 'assign-addresses', count: 1 });
    node.controller.start();
    node.ec2.delete('eni-1');
    await node.controller.adopt();
    await stop();
    expect(freeOf('eni-1')).toEqual([FIRST, SECOND]);
  });

  test('what was promised to EC2 is not taken over with an ENI that turns up', async () => {
    node.ec2.delete('eni-1');
    await inherit({ ...base, kind: 'unassign', blocks: [FIRST] });
    node.controller.start();
    node.ec2.set('eni-1', second);
    await node.controller.adopt();
    await stop();
    expect(freeOf('eni-1')).toEqual([SECOND]);
    expect(node.events).toContainEqual({
      kind: 'eni-adopted',
      eniId: 'eni-1',
      addressCount: 1,
      prefixCount: 0,
    });
  });

  test('what was promised stays out of reach, and is back once EC2 is sure to have kept it', async () => {
    await inherit({ ...base, kind: 'unassign', blocks: [FIRST] });
    node.controller.start();
    await node.clock.advance(EC2_LAG_MS - 1_000);
    expect(freeOf('eni-1')).toEqual([SECOND]);
    await node.clock.advance(2_000);
    expect(freeOf('eni-1')).toEqual([FIRST, SECOND]);
    await stop();
  });
});

test('EC2 is not asked about an ENI that was just changed, though metadata lags behind', async () => {
  node = createFakeNode({ targets: { warmEniTarget: 0, warmIpTarget: 2 } });
  await node.controller.adopt();
  const stale = [...node.ec2.values()];
  node.controller.start();
  await node.clock.advance(2_000); // two addresses are assigned
  node.metadata = stale;
  const before = node.calls.length;
  await node.controller.adopt();
  expect(node.calls.slice(before)).toEqual([]);
  await node.clock.advance(EC2_LAG_MS);
  await node.controller.adopt();
  expect(node.calls.slice(before)).toEqual(['describeEnis eni-0']);
  expect(freeOf('eni-0')).toHaveLength(2);
  await stop();
});

test('what became of an assignment without answer is found out', async () => {
  node = createFakeNode({ targets: { warmEniTarget: 0, warmIpTarget: 2 }, addressesPerEni: 5 });
  await node.controller.adopt();
  node.failNext('assignAddresses', codedError('unreachable'));
  node.controller.start();
  await node.clock.advance(500);
  node.ec2.set('eni-0', { ...primaryOf(node), secondaryAddresses: [FIRST, SECOND] });
  await node.clock.advance(60_000);
  expect(freeOf('eni-0')).toEqual(expect.arrayContaining([FIRST, SECOND]));
  expect(node.book.intents()).toEqual([]);
  await stop();
});
