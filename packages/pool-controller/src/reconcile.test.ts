import { describe, expect, test } from '@jest/globals';
import {
  codedError,
  createFakeNode,
  type FakeNode,
  type FakeNodeOptions,
  primaryOf,
} from './fake-node.ts';
import type { ObservedEni } from './ports.ts';

const key = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };

test('adopts what is attached, with the addresses that EC2 assigns', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  node.metadata = [...node.ec2.values()].map((eni) => ({ ...eni, secondaryAddresses: [] }));
  await node.controller.adopt();
  expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(3);
});

test('leaves ENIs alone that are tagged no_manage, except the primary one', async () => {
  const node = createFakeNode();
  node.ec2.set('eni-9', { ...primaryOf(node), eniId: 'eni-9', deviceNumber: 1, isPrimary: false });
  node.unmanaged.add('eni-9').add('eni-0');
  await node.controller.adopt();
  expect(node.book.enis(0).map(({ eniId }) => eniId)).toEqual(['eni-0']);
  expect(node.events).toContainEqual({ kind: 'eni-left-alone', eniId: 'eni-9' });
});

test('asks EC2 nothing while metadata agrees with the book', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  const before = node.calls.length;
  await node.controller.adopt();
  expect(node.calls.length).toBe(before);
});

test('believes EC2 where metadata lags behind', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  node.metadata = [...node.ec2.values()].map((eni) => ({ ...eni, secondaryAddresses: [] }));
  await node.controller.adopt();
  expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(3);
});

/** The primary ENI, and a second one of an earlier process or an operator. */
async function nodeWithTwoEnis(options: FakeNodeOptions = {}) {
  const node = createFakeNode({ primaryAddressCount: 1, ...options });
  const primary = primaryOf(node);
  const second: ObservedEni = {
    ...primary,
    eniId: 'eni-1',
    deviceNumber: 1,
    isPrimary: false,
    primaryAddress: '10.0.8.1',
    secondaryAddresses: ['10.0.8.2', '10.0.8.3'],
  };
  node.ec2.set('eni-1', second);
  return { node, primary, second };
}

const eniIdsOf = (node: FakeNode) => node.book.enis(0).map(({ eniId }) => eniId);

const addressesOf = (node: FakeNode) =>
  node.book.enis(0).flatMap(({ addresses }) => addresses.map(({ address }) => address));

/** Pods `a`, `b` and `c` take the three addresses of the two ENIs. */
function fillWithPods(node: FakeNode): void {
  for (const containerId of ['a', 'b', 'c']) {
    node.book.reserve({ ...key, containerId }, {}, node.clock.nowMs());
  }
}

test('takes over what an operator assigned and unassigned; the pod keeps an address that is gone', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  node.book.reserve(key, {}, node.clock.nowMs());
  node.ec2.set('eni-0', { ...primaryOf(node), secondaryAddresses: ['10.0.9.9'] });
  await node.controller.adopt();
  const held = node.book.find(key);
  expect(held).toMatchObject({ address: expect.any(String) });
  expect(held?.eni).toBeUndefined();
  expect(addressesOf(node)).toEqual(['10.0.9.9']);
  expect(node.events).toContainEqual(
    expect.objectContaining({ kind: 'addresses-corrected', stranded: [held?.address] }),
  );
});

test('an address that was moved to another ENI stays with its pod', async () => {
  const { node, primary, second } = await nodeWithTwoEnis();
  await node.controller.adopt();
  node.book.reserve(key, {}, node.clock.nowMs());
  const [moved] = primary.secondaryAddresses;
  if (moved === undefined) throw new Error('no address');
  node.ec2.set('eni-0', { ...primary, secondaryAddresses: [] });
  node.ec2.set('eni-1', { ...second, secondaryAddresses: [moved] });
  await node.controller.adopt();
  expect(node.book.find(key)).toMatchObject({ address: moved, eni: { eniId: 'eni-1' } });
});

test('forgets an ENI only when EC2 confirms that it is gone', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  node.metadata = [];
  await node.controller.adopt();
  expect(node.book.enis(0)).toHaveLength(1);
  node.ec2.clear();
  await node.controller.adopt();
  expect(node.book.enis(0)).toHaveLength(0);
});

test('what was to be given back comes back if EC2 still assigns it, and goes if not', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  const primary = primaryOf(node);
  const [gone, kept, ...rest] = primary.secondaryAddresses;
  if (gone === undefined || kept === undefined) throw new Error('too few addresses');
  node.book.drain('eni-0', [gone, kept]);
  node.ec2.set('eni-0', { ...primary, secondaryAddresses: [kept, ...rest] });
  await node.controller.adopt();
  expect(node.book.statistics(node.clock.nowMs())).toMatchObject({
    totalCount: 2,
    drainingCount: 0,
  });
});

describe('an ENI that is no longer attached', () => {
  test.each([
    ['EC2 does not know it', (node: FakeNode) => node.ec2.delete('eni-1')],
    ['EC2 has it, attached nowhere', (node: FakeNode) => node.detached.add('eni-1')],
  ])('leaves the pool when %s, and its pods keep their addresses', async (_, detach) => {
    const { node } = await nodeWithTwoEnis();
    await node.controller.adopt();
    fillWithPods(node);
    detach(node);
    await node.controller.adopt();
    expect(eniIdsOf(node)).toEqual(['eni-0']);
    expect(node.book.statistics(0)).toMatchObject({ reservedCount: 1, strandedCount: 2 });
    expect(node.events).toContainEqual({ kind: 'eni-lost', eniId: 'eni-1', strandedCount: 2 });
    expect(node.hostCalls).toContain('tearDownEni eni-1');
  });

  test('gives no address to others while its pods leave, and to the right ones when it is back', async () => {
    const { node } = await nodeWithTwoEnis();
    await node.controller.adopt();
    fillWithPods(node);
    const [b, c] = ['b', 'c'].map((containerId) => ({ ...key, containerId }));
    if (b === undefined || c === undefined) throw new Error('no keys');
    const address = node.book.find(c)?.address;
    node.detached.add('eni-1');
    await node.controller.adopt();
    node.book.release(b, node.clock.nowMs());
    expect(node.book.reserve({ ...key, containerId: 'd' }, {}, 0)).toMatchObject({
      kind: 'exhausted',
    });
    node.detached.delete('eni-1');
    await node.controller.adopt();
    expect(node.book.find(c)).toMatchObject({ address, eni: { eniId: 'eni-1' } });
  });

  test('that comes back in another slot is set up again there', async () => {
    const { node, second } = await nodeWithTwoEnis();
    await node.controller.adopt();
    node.ec2.set('eni-1', { ...second, deviceNumber: 2 });
    await node.controller.adopt();
    expect(node.book.enis(0)[1]).toMatchObject({ deviceNumber: 2, routeTableId: 3 });
    expect(node.hostCalls).toEqual(['setUpEni eni-1', 'tearDownEni eni-1', 'setUpEni eni-1']);
  });
});

describe('an ENI that makes trouble', () => {
  test('is told, and does not keep the others from their due', async () => {
    const { node } = await nodeWithTwoEnis();
    node.linkless.add('eni-1');
    node.ec2.set('eni-2', {
      ...primaryOf(node),
      eniId: 'eni-2',
      deviceNumber: 2,
      isPrimary: false,
      secondaryAddresses: ['10.0.7.7'],
    });
    const adopting = node.controller.adopt();
    await node.clock.advance(20_000);
    await adopting;
    expect(eniIdsOf(node).sort()).toEqual(['eni-0', 'eni-2']);
    expect(node.events).toContainEqual(
      expect.objectContaining({ kind: 'eni-failed', eniId: 'eni-1' }),
    );
  });

  test('is tried again soon', async () => {
    const { node } = await nodeWithTwoEnis();
    node.failNext('setUpEni', codedError('link-not-found'));
    await node.controller.adopt();
    node.controller.start();
    await node.clock.advance(15_000);
    expect(eniIdsOf(node)).toEqual(['eni-0', 'eni-1']);
    const stopping = node.controller.stop();
    await node.clock.advance(1);
    await stopping;
  });

  test('does not stop the pods of others from being served when its tables cannot be removed', async () => {
    const { node } = await nodeWithTwoEnis();
    await node.controller.adopt();
    node.failNext('tearDownEni', codedError('kernel-refused'));
    node.ec2.delete('eni-1');
    await node.controller.adopt();
    expect(eniIdsOf(node)).toEqual(['eni-0']);
    expect(node.events).toContainEqual(
      expect.objectContaining({ kind: 'eni-failed', eniId: 'eni-1' }),
    );
  });
});

test('makes the whole book right before it waits for the host', async () => {
  const { node, primary } = await nodeWithTwoEnis();
  await node.controller.adopt();
  node.ec2.delete('eni-1');
  node.ec2.set('eni-0', { ...primary, secondaryAddresses: [] });
  const removing = node.holdTearDown();
  const adopting = node.controller.adopt();
  await node.clock.advance(0);
  expect(addressesOf(node)).toEqual([]);
  removing.goOn();
  await adopting;
});

test('restores the wiring of known ENIs, whatever became of it', async () => {
  const { node } = await nodeWithTwoEnis();
  await node.controller.adopt();
  await node.controller.adopt();
  expect(node.hostCalls).toEqual(['setUpEni eni-1', 'setUpEni eni-1']);
});

test('tells the host which ENI is the trunk, each time', async () => {
  const { node } = await nodeWithTwoEnis();
  node.trunks.add('eni-1');
  await node.controller.adopt();
  await node.controller.adopt();
  expect(node.hostCalls).toEqual(['setUpEni eni-1 as trunk', 'setUpEni eni-1 as trunk']);
});

test('fails as a whole when EC2 cannot be asked, and changes nothing', async () => {
  const { node } = await nodeWithTwoEnis();
  await node.controller.adopt();
  node.detached.add('eni-1');
  node.failNext('describeEnis', codedError('throttled'));
  await expect(node.controller.adopt()).rejects.toMatchObject({ code: 'throttled' });
  expect(eniIdsOf(node)).toEqual(['eni-0', 'eni-1']);
});
