import { expect, test } from '@jest/globals';
import { createFakeNode } from './fake-node.ts';

const key = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };

test('adopts what is attached, with the addresses that EC2 assigns', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  node.metadata = [...node.ec2.values()].map((eni) => ({ ...eni, secondaryAddresses: [] }));
  await node.controller.adopt();
  expect(node.book.statistics(node.clock.nowMs()).totalCount).toBe(3);
});

test('leaves ENIs alone that are tagged no_manage, except the primary one', async () => {
  const node = createFakeNode();
  const [primary] = [...node.ec2.values()];
  if (primary === undefined) throw new Error('no primary ENI');
  node.ec2.set('eni-9', { ...primary, eniId: 'eni-9', deviceNumber: 1, isPrimary: false });
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

test('takes over what an operator assigned and unassigned, but never takes an address from a pod', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  node.book.reserve(key, {}, node.clock.nowMs());
  const [primary] = [...node.ec2.values()];
  if (primary === undefined) throw new Error('no primary ENI');
  node.ec2.set('eni-0', { ...primary, secondaryAddresses: ['10.0.9.9'] });
  await node.controller.adopt();
  const held = node.book.find(key)?.address;
  const addresses = node.book.enis(0).flatMap((eni) => eni.addresses.map((a) => a.address));
  expect(addresses.sort()).toEqual(['10.0.9.9', held].sort());
  expect(node.events).toContainEqual(
    expect.objectContaining({ kind: 'addresses-corrected', lost: [held] }),
  );
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
  const [primary] = [...node.ec2.values()];
  if (primary === undefined) throw new Error('no primary ENI');
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

test('free addresses of an ENI that is gone are out of reach while pods hold others of it', async () => {
  const node = createFakeNode({ primaryAddressCount: 3 });
  await node.controller.adopt();
  node.book.reserve(key, {}, node.clock.nowMs());
  node.ec2.clear();
  await node.controller.adopt();
  expect(node.book.statistics(node.clock.nowMs())).toMatchObject({
    reservedCount: 1,
    reservableNowCount: 0,
  });
});
