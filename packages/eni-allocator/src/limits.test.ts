import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { AllocatorEvent } from './allocator-events.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import { ASSUMED_LIMITS, lookUpLimits } from './look-up-limits.ts';

const limits = { maxEnis: 3, addressesPerEni: 10 };
const request = { subnetId: 'subnet-1', securityGroupIds: [] } as const;

function setUp(given: typeof limits | undefined = limits, instanceType?: string) {
  const ec2 = createFakeEc2({ maxEnis: 2 });
  const events: AllocatorEvent[] = [];
  const allocator = createEniAllocator({
    ec2,
    clock: createFakeClock(),
    instanceId: 'i-1',
    limits: given,
    instanceType,
    onEvent: (event) => events.push(event),
  });
  ec2.addEni({
    eniId: 'eni-primary',
    attachmentId: 'eni-attach-primary',
    instanceId: 'i-1',
    deviceNumber: 0,
    networkCardIndex: 0,
  });
  return { ec2, events, allocator };
}

describe('the limits of an allocator', () => {
  test('are learned from a refused attachment, once, and then kept', async () => {
    const { allocator, ec2, events } = setUp();
    await allocator.allocateEni({ ...request, addressCount: 1 });
    const next = () => allocator.allocateEni({ ...request, addressCount: 1 });
    await expect(next()).rejects.toMatchObject({ code: 'eni-limit-reached' });
    expect(allocator.limits()).toEqual({ maxEnis: 2, addressesPerEni: 10 });
    expect(events).toEqual([
      {
        kind: 'limits-learned',
        finding: { limit: 'enis-on-card', networkCardIndex: 0, refused: 3 },
        limits: { maxEnis: 2, addressesPerEni: 10 },
      },
    ]);
    const creations = () => ec2.calls.filter(({ operation }) => operation === 'createEni').length;
    const creationsBefore = creations();
    await expect(next()).rejects.toMatchObject({ code: 'eni-limit-reached' });
    expect(creations()).toBe(creationsBefore);
  });

  test.each(['attachEni', 'createEni'] as const)(
    'are learned from an ENI that is too full for %s',
    async (step) => {
      const { allocator, ec2 } = setUp();
      ec2.failNext(step, 'address-limit-reached');
      const allocating = allocator.allocateEni({ ...request, prefixCount: 9 });
      await expect(allocating).rejects.toMatchObject({ code: 'address-limit-reached' });
      expect(allocator.limits()).toEqual({ maxEnis: 3, addressesPerEni: 5 });
    },
  );

  test.each(['assignAddresses', 'assignPrefixes'] as const)(
    'are learned from a refused %s, by what the ENI really holds',
    async (assign) => {
      const { allocator, ec2 } = setUp();
      const { eniId } = ec2.addEni({
        secondaryAddresses: ['10.0.0.10', '10.0.0.11'],
        prefixes: ['10.0.1.0/28'],
      });
      ec2.failNext(assign, 'address-limit-reached');
      await expect(allocator[assign](eniId, 1)).rejects.toMatchObject({
        code: 'address-limit-reached',
      });
      expect(allocator.limits()).toEqual({ maxEnis: 3, addressesPerEni: 4 });
    },
  );

  test('rise with what EC2 shows on an ENI of this instance, and on no other', async () => {
    const { allocator, ec2 } = setUp();
    const many = Array.from({ length: 14 }, (_, n) => `10.0.9.${n}` as const);
    ec2.addEni({ eniId: 'eni-other', secondaryAddresses: many });
    await allocator.describeEnis(['eni-other']);
    expect(allocator.limits()?.addressesPerEni).toBe(10);
    ec2.addEni({ eniId: 'eni-own', instanceId: 'i-1', secondaryAddresses: many });
    await allocator.describeEnis(['eni-own']);
    expect(allocator.limits()?.addressesPerEni).toBe(15);
  });

  test('stay as they are when EC2 does not say what the instance holds', async () => {
    const { allocator, ec2, events } = setUp();
    ec2.failNext('attachEni', 'eni-limit-reached');
    ec2.beforeNext('attachEni', () => ec2.failNext('describeUsedDeviceIndexes', 'throttled'));
    const allocating = allocator.allocateEni({ ...request, addressCount: 1 });
    await expect(allocating).rejects.toMatchObject({ code: 'eni-limit-reached' });
    expect(allocator.limits()).toEqual(limits);
    expect(events).toEqual([]);
  });

  test('are not learned, and cost no call, when nobody asked for them', async () => {
    const ec2 = createFakeEc2();
    const allocator = createEniAllocator({ ec2, clock: createFakeClock(), instanceId: 'i-1' });
    ec2.failNext('assignAddresses', 'address-limit-reached');
    await expect(allocator.assignAddresses('eni-1', 1)).rejects.toThrow();
    expect(allocator.limits()).toBeUndefined();
    expect(ec2.calls).toEqual([]);
  });
});

describe('an allocator that knows its instance type', () => {
  const tooMany = { maxEnis: 3, addressesPerEni: 15 }; // the fake's is 10
  const assignTo = (allocator: ReturnType<typeof setUp>['allocator'], count: number) =>
    expect(allocator.assignAddresses('eni-primary', count)).rejects.toMatchObject({
      code: 'address-limit-reached',
    });
  const questions = ({ calls }: ReturnType<typeof setUp>['ec2']) =>
    calls.filter(({ operation }) => operation === 'describeInstanceLimits');

  test('asks EC2 once when an ENI takes less than the limits say', async () => {
    const { allocator, ec2, events } = setUp(tooMany, 'x9.large');
    ec2.failNext('assignAddresses', 'address-limit-reached', 3);
    await Promise.all([assignTo(allocator, 14), assignTo(allocator, 12)]);
    await assignTo(allocator, 10);
    expect(allocator.limits()).toEqual({ maxEnis: 3, addressesPerEni: 10 });
    expect(events).toEqual([
      {
        kind: 'limits-learned',
        finding: { limit: 'addresses-per-eni', told: 10 },
        limits: { maxEnis: 3, addressesPerEni: 10 },
      },
    ]);
    expect(questions(ec2)).toEqual([{ operation: 'describeInstanceLimits', request: 'x9.large' }]);
  });

  test('believes the refusal rather than what EC2 says of the type', async () => {
    const { allocator, ec2 } = setUp(tooMany, 'x9.large');
    ec2.failNext('assignAddresses', 'address-limit-reached');
    await assignTo(allocator, 7);
    expect(allocator.limits()?.addressesPerEni).toBe(4);
  });

  test('learns from refusals where it may not ask, and asks no more', async () => {
    const { allocator, ec2, events } = setUp(tooMany, 'x9.large');
    ec2.failNext('describeInstanceLimits', 'not-permitted');
    ec2.failNext('assignAddresses', 'address-limit-reached', 2);
    await assignTo(allocator, 14);
    expect(allocator.limits()?.addressesPerEni).toBe(8);
    await assignTo(allocator, 12);
    expect(allocator.limits()?.addressesPerEni).toBe(7);
    expect(questions(ec2)).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'degraded')).toMatchObject([
      { feature: 'instance-limits', action: 'DescribeInstanceTypes' },
    ]);
  });

  test('asks again when EC2 did not answer', async () => {
    const { allocator, ec2 } = setUp(tooMany, 'x9.large');
    ec2.failNext('describeInstanceLimits', 'throttled');
    ec2.failNext('assignAddresses', 'address-limit-reached', 2);
    await assignTo(allocator, 14);
    await assignTo(allocator, 13);
    expect(allocator.limits()?.addressesPerEni).toBe(10);
  });
});

describe('lookUpLimits', () => {
  const lookUp = (table: typeof limits | undefined, code?: 'not-permitted' | 'unreachable') => {
    const ec2 = createFakeEc2({ maxEnis: 7 });
    if (code !== undefined) {
      ec2.failNext('describeInstanceLimits', code);
    }
    const events: AllocatorEvent[] = [];
    const onEvent = (event: AllocatorEvent) => events.push(event);
    const found = lookUpLimits({ instanceType: 'x9.large', table: () => table, ec2, onEvent });
    return { found, ec2, events };
  };

  test('takes the table without a call', async () => {
    const { found, ec2 } = lookUp(limits);
    expect(await found).toEqual(limits);
    expect(ec2.calls).toEqual([]);
  });

  test('asks EC2 for a type that the table does not have', async () => {
    const { found, ec2 } = lookUp(undefined);
    expect(await found).toMatchObject({ maxEnis: 7 });
    expect(ec2.calls).toEqual([{ operation: 'describeInstanceLimits', request: 'x9.large' }]);
  });

  test('assumes something when EC2 may not be asked, and says so', async () => {
    const { found, events } = lookUp(undefined, 'not-permitted');
    expect(await found).toEqual(ASSUMED_LIMITS);
    expect(events).toMatchObject([
      { kind: 'degraded', feature: 'instance-limits', action: 'DescribeInstanceTypes' },
    ]);
  });

  test('does not guess when EC2 only does not answer', async () => {
    const { found } = lookUp(undefined, 'unreachable');
    await expect(found).rejects.toMatchObject({ code: 'unreachable' });
  });
});
