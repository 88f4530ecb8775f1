import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { EniId, Ipv4Address, Ipv4Prefix } from './ec2-ids.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';

const eniId: EniId = 'eni-1';
const held: readonly Ipv4Address[] = ['10.0.0.10', '10.0.0.11', '10.0.0.12'];
const heldPrefixes: readonly Ipv4Prefix[] = ['10.0.1.0/28', '10.0.1.16/28', '10.0.1.32/28'];

function setUp() {
  const ec2 = createFakeEc2();
  ec2.addEni({ eniId, secondaryAddresses: held, prefixes: heldPrefixes });
  const allocator = createEniAllocator({ ec2, clock: createFakeClock(), instanceId: 'i-1' });
  const addresses = () => ec2.enis()[0]?.secondaryAddresses;
  const prefixes = () => ec2.enis()[0]?.prefixes;
  return { ec2, allocator, addresses, prefixes };
}

describe('assignAddresses', () => {
  test('asks for exactly the count and returns what EC2 assigned', async () => {
    const { allocator, ec2, addresses } = setUp();
    const assigned = await allocator.assignAddresses(eniId, 3);
    expect(assigned).toHaveLength(3);
    expect(addresses()).toEqual([...held, ...assigned]);
    expect(ec2.calls).toEqual([{ operation: 'assignAddresses', request: { eniId, count: 3 } }]);
  });

  test.each([0, -1, 0.5, Number.NaN])('refuses a count of %p', async (count) => {
    const { allocator, ec2 } = setUp();
    await expect(allocator.assignAddresses(eniId, count)).rejects.toThrow(TypeError);
    expect(ec2.calls).toEqual([]);
  });

  test('passes on that the ENI is full', async () => {
    const { allocator, ec2 } = setUp();
    ec2.failNext('assignAddresses', 'address-limit-reached');
    await expect(allocator.assignAddresses(eniId, 1)).rejects.toMatchObject({
      code: 'address-limit-reached',
    });
  });
});

describe('unassignAddresses', () => {
  const cases = [
    { name: 'takes off what it is told', give: held.slice(0, 2), left: held.slice(2) },
    {
      name: 'ignores addresses that are not there any more',
      give: ['10.0.0.10', '10.9.9.9'] as const,
      left: held.slice(1),
    },
    { name: 'is done when none is there any more', give: ['10.9.9.9'] as const, left: held },
    { name: 'does nothing for an empty list', give: [], left: held },
  ];

  test.each(cases)('$name', async ({ give, left }) => {
    const { allocator, addresses } = setUp();
    await allocator.unassignAddresses(eniId, give);
    expect(addresses()).toEqual(left);
  });

  test('reports a refusal that has another reason', async () => {
    const { allocator, ec2, addresses } = setUp();
    ec2.failNext('unassignAddresses', 'invalid-request');
    await expect(allocator.unassignAddresses(eniId, held)).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect(addresses()).toEqual(held);
  });

  test('reports an ENI that is gone', async () => {
    const { allocator } = setUp();
    await expect(allocator.unassignAddresses('eni-gone', held)).rejects.toMatchObject({
      code: 'eni-not-found',
    });
  });
});

describe('assignPrefixes', () => {
  test('asks for exactly the count and returns what EC2 assigned', async () => {
    const { allocator, ec2, prefixes } = setUp();
    const assigned = await allocator.assignPrefixes(eniId, 2);
    expect(assigned).toHaveLength(2);
    expect(prefixes()).toEqual([...heldPrefixes, ...assigned]);
    expect(ec2.calls).toEqual([{ operation: 'assignPrefixes', request: { eniId, count: 2 } }]);
  });

  test.each([0, -1, 0.5, Number.NaN])('refuses a count of %p', async (count) => {
    const { allocator, ec2 } = setUp();
    await expect(allocator.assignPrefixes(eniId, count)).rejects.toThrow(TypeError);
    expect(ec2.calls).toEqual([]);
  });
});

describe('IPv6 prefixes', () => {
  test('are assigned and taken off; those that are not there any more are no error', async () => {
    const { allocator, ec2 } = setUp();
    const assigned = await allocator.assignIpv6Prefixes(eniId, 1);
    expect(assigned).toHaveLength(1);
    const held = () => ec2.enis().find((eni) => eni.eniId === eniId)?.ipv6Prefixes;
    expect(held()).toEqual(assigned);
    await allocator.unassignIpv6Prefixes(eniId, [...assigned, '2001:db8:9:9:9::/80']);
    await allocator.unassignIpv6Prefixes(eniId, assigned);
    expect(held()).toEqual([]);
  });

  test('are counted from one', async () => {
    const { allocator } = setUp();
    await expect(allocator.assignIpv6Prefixes(eniId, 0)).rejects.toThrow(TypeError);
  });
});

describe('unassignPrefixes', () => {
  const cases = [
    { name: 'takes off what it is told', give: heldPrefixes.slice(0, 2), left: ['10.0.1.32/28'] },
    {
      name: 'ignores prefixes that are not there any more',
      give: ['10.0.1.0/28', '10.9.9.0/28'] as const,
      left: heldPrefixes.slice(1),
    },
    {
      name: 'is done when none is there any more',
      give: ['10.9.9.0/28'] as const,
      left: heldPrefixes,
    },
    { name: 'does nothing for an empty list', give: [], left: heldPrefixes },
  ];

  test.each(cases)('$name', async ({ give, left }) => {
    const { allocator, addresses, prefixes } = setUp();
    await allocator.unassignPrefixes(eniId, give);
    expect(prefixes()).toEqual(left);
    expect(addresses()).toEqual(held);
  });

  test('reports a refusal that has another reason', async () => {
    const { allocator, ec2, prefixes } = setUp();
    ec2.failNext('unassignPrefixes', 'invalid-request');
    await expect(allocator.unassignPrefixes(eniId, heldPrefixes)).rejects.toMatchObject({
      code: 'invalid-request',
    });
    expect(prefixes()).toEqual(heldPrefixes);
  });
});

describe('describeEnis', () => {
  test('leaves out what does not exist', async () => {
    const { allocator } = setUp();
    const enis = await allocator.describeEnis(['eni-gone', eniId]);
    expect(enis.map((eni) => eni.eniId)).toEqual([eniId]);
  });

  test('asks nothing about nothing', async () => {
    const { allocator, ec2 } = setUp();
    expect(await allocator.describeEnis([])).toEqual([]);
    expect(ec2.calls).toEqual([]);
  });
});
