import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { AllocatorEvent } from './allocator-events.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { SubnetTruth } from './ports.ts';
import { discoverSubnets } from './subnet-source.ts';

const primary = { subnetId: 'subnet-primary', cidr: '10.0.0.0/24' } as const;
const subnet = (
  subnetId: SubnetTruth['subnetId'],
  freeAddressCount: number,
  role?: string,
): SubnetTruth => ({
  subnetId,
  availabilityZone: 'us-west-2a',
  cidr: '10.0.0.0/24',
  freeAddressCount,
  tags: role === undefined ? {} : { 'kubernetes.io/role/cni': role },
});
const subnets = [
  subnet('subnet-primary', 20),
  subnet('subnet-untagged', 900),
  subnet('subnet-tagged', 100, '1'),
  subnet('subnet-excluded', 500, '0'),
];

function setUp() {
  const ec2 = createFakeEc2({ subnets });
  const clock = createFakeClock();
  const events: AllocatorEvent[] = [];
  const source = discoverSubnets({
    ec2,
    clock,
    vpcId: 'vpc-1',
    availabilityZone: 'us-west-2a',
    primary,
    onEvent: (event) => events.push(event),
  });
  const ids = async () => (await source.candidates()).map(({ subnetId }) => subnetId);
  return { ec2, clock, events, source, ids };
}

describe('discoverSubnets', () => {
  test('offers what is tagged, and the primary subnet; the largest first', async () => {
    const { ids, ec2 } = setUp();
    expect(await ids()).toEqual(['subnet-tagged', 'subnet-primary']);
    expect(ec2.calls).toEqual([
      {
        operation: 'describeSubnets',
        request: { vpcId: 'vpc-1', availabilityZone: 'us-west-2a' },
      },
    ]);
  });

  test('asks again when the answer is old', async () => {
    const { ids, ec2, clock } = setUp();
    await ids();
    await clock.advance(29_999);
    await ids();
    expect(ec2.calls).toHaveLength(1);
    await clock.advance(1);
    await ids();
    expect(ec2.calls).toHaveLength(2);
  });

  test('asks once for all who want to know at the same time', async () => {
    const { ids, ec2 } = setUp();
    expect(await Promise.all([ids(), ids(), ids()])).toHaveLength(3);
    expect(ec2.calls).toHaveLength(1);
  });

  test('answers the others when one of them gives up', async () => {
    const { ids, source } = setUp();
    const abort = new AbortController();
    const given = source.candidates({ signal: abort.signal });
    const others = ids();
    abort.abort(new Error('shutting down'));
    await expect(given).rejects.toThrow('shutting down');
    expect(await others).toHaveLength(2);
  });

  test('knows which subnets are excluded', async () => {
    const { source } = setUp();
    expect(await source.isExcluded('subnet-excluded')).toBe(true);
    expect(await source.isExcluded('subnet-untagged')).toBe(false);
    expect(await source.isExcluded('subnet-of-another-vpc')).toBe(false);
  });

  test('without permission offers the primary subnet, says so once, and asks seldom', async () => {
    const { ec2, ids, source, events, clock } = setUp();
    ec2.failNext('describeSubnets', 'not-permitted', 2);
    expect(await ids()).toEqual(['subnet-primary']);
    expect(await source.isExcluded('subnet-excluded')).toBe(false);
    await clock.advance(600_000);
    expect(await ids()).toEqual(['subnet-primary']);
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'degraded',
        feature: 'subnet-discovery',
        action: 'DescribeSubnets',
        error: expect.objectContaining({ code: 'not-permitted' }),
      }),
    ]);
    await clock.advance(600_000);
    expect(await ids()).toHaveLength(2);
    expect(events.slice(1)).toEqual([{ kind: 'restored', feature: 'subnet-discovery' }]);
  });

  test('goes on with the last answer when EC2 does not give another', async () => {
    const { ec2, ids, clock } = setUp();
    await ids();
    await clock.advance(30_000);
    ec2.failNext('describeSubnets', 'unreachable');
    expect(await ids()).toEqual(['subnet-tagged', 'subnet-primary']);
  });

  test('is ended by its caller', async () => {
    const { source } = setUp();
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(source.candidates({ signal })).rejects.toThrow('shutting down');
  });
});
