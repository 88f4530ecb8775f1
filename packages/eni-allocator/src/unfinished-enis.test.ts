import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { AllocatorEvent } from './allocator-events.ts';
import { createEniAllocator } from './eni-allocator.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import type { EniTruth } from './ports.ts';
import { settle } from './settle.ts';
import { defaultRetryPolicy, withRetry } from './with-retry.ts';

const request = { subnetId: 'subnet-1', securityGroupIds: [], addressCount: 2 } as const;
/** More failures than any policy has patience for. */
const LASTING = 50;

function setUp() {
  const clock = createFakeClock(Date.parse('2026-03-01T12:00:00Z'));
  const ec2 = createFakeEc2();
  const leaks: AllocatorEvent[] = [];
  let tokenCount = 0;
  const allocator = createEniAllocator({
    ec2: withRetry(ec2, { ...defaultRetryPolicy, attempts: 3, random: () => 0 }, clock),
    clock,
    instanceId: 'i-1',
    newClientToken: () => `token-${tokenCount++}`,
    onEvent: (event) => leaks.push(event),
  });
  const allocate = (signal?: AbortSignal) =>
    settle(allocator.allocateEni({ ...request, signal }), clock);
  const sweep = () => settle(allocator.deleteLeakedEnis({ olderThanMs: 300_000 }), clock);
  /** An allocation fails after its ENI was created, and so does the deletion. */
  const leak = async (): Promise<EniTruth> => {
    ec2.failNext('attachEni', 'subnet-exhausted');
    ec2.failNext('deleteEni', 'throttled', 3);
    await allocate().catch(() => {});
    const [eni] = ec2.enis();
    if (eni === undefined) throw new Error('nothing was leaked');
    return eni;
  };
  const eniIds = () => ec2.enis().map(({ eniId }) => eniId);
  const callsOf = (operation: string) => ec2.calls.filter((call) => call.operation === operation);
  return { clock, ec2, leaks, allocate, sweep, leak, eniIds, callsOf };
}

describe('the clean-up of a failed allocation', () => {
  test('does without reading, which may be throttled for long', async () => {
    const { ec2, allocate, eniIds, leaks } = setUp();
    ec2.beforeNext('attachEni', () => {
      ec2.addEni({ eniId: 'eni-rival', instanceId: 'i-1', deviceNumber: 0, networkCardIndex: 0 });
    });
    // The device number is taken by now, and EC2 does not say whether by this very ENI.
    ec2.failNext('describeEnis', 'throttled', LASTING);
    await expect(allocate()).rejects.toMatchObject({ code: 'throttled' });
    expect(eniIds()).toEqual(['eni-rival']);
    expect(leaks).toEqual([]);
  });

  test('that fails is told, with the ENI and the reason', async () => {
    const { leak, leaks } = setUp();
    const { eniId } = await leak();
    expect(leaks).toEqual([
      { kind: 'eni-leaked', eniId, error: expect.objectContaining({ code: 'throttled' }) },
    ]);
  });
});

describe('an allocation that is aborted', () => {
  test('deletes what it made if that is not attached yet', async () => {
    const { ec2, allocate, eniIds } = setUp();
    const ending = new AbortController();
    ec2.beforeNext('attachEni', () => ending.abort(new Error('ending')));
    ec2.failNext('attachEni', 'throttled');
    await expect(allocate(ending.signal)).rejects.toThrow();
    expect(eniIds()).toEqual([]);
  });

  test('leaves what is attached to whoever comes next, without waiting', async () => {
    const { ec2, allocate, eniIds, callsOf } = setUp();
    const ending = new AbortController();
    ec2.beforeNext('setDeleteOnTermination', () => ending.abort(new Error('ending')));
    ec2.failNext('setDeleteOnTermination', 'throttled');
    await expect(allocate(ending.signal)).rejects.toThrow();
    expect(eniIds()).toHaveLength(1);
    expect(callsOf('detachEni')).toEqual([]);
  });
});

describe('an ENI that could not be cleaned up', () => {
  test('does not delay the next one', async () => {
    const { leak, allocate, eniIds, callsOf } = setUp();
    const { eniId } = await leak();
    const eni = await allocate();
    expect(eniIds()).toEqual([eniId, eni.eniId]);
    expect(callsOf('deleteEni')).toEqual([]);
  });

  test.each(['subnet-exhausted', 'eni-limit-reached'] as const)(
    'makes room when the next one meets %s',
    async (code) => {
      const { ec2, leak, allocate, eniIds } = setUp();
      await leak();
      ec2.failNext('createEni', code);
      await expect(allocate()).rejects.toMatchObject({ code });
      expect(eniIds()).toEqual([]);
    },
  );

  test('goes with the next sweep, however young it is', async () => {
    const { leak, sweep, eniIds } = setUp();
    const { eniId } = await leak();
    expect(await sweep()).toEqual([eniId]);
    expect(eniIds()).toEqual([]);
  });

  test('is among the failures of a sweep, once', async () => {
    const { ec2, leak, sweep, clock } = setUp();
    await leak();
    await clock.advance(301_000);
    ec2.failNext('deleteEni', 'not-permitted', LASTING);
    await expect(sweep()).rejects.toMatchObject({
      errors: [expect.objectContaining({ code: 'not-permitted' })],
    });
  });
});

describe('an ENI that could not be cleaned up and is attached', () => {
  /** Attached, but nobody knows: neither could it be finished nor looked at. */
  async function leakAttached() {
    const outside = setUp();
    outside.ec2.failNext('setDeleteOnTermination', 'throttled', 3);
    outside.ec2.failNext('describeEnis', 'throttled', 3);
    await outside.allocate().catch(() => {});
    const [eni] = outside.ec2.enis();
    if (eni === undefined) throw new Error('nothing was leaked');
    return { ...outside, eni };
  }

  test('is kept, because pods may use it by now, and goes with its instance', async () => {
    const { eni, sweep, callsOf, ec2, leaks } = await leakAttached();
    expect(leaks).toEqual([expect.objectContaining({ eniId: eni.eniId })]);
    expect(await sweep()).toEqual([]);
    expect(ec2.enis()).toEqual([{ ...eni, isDeletedOnTermination: true }]);
    expect(callsOf('detachEni')).toEqual([]);
    await sweep();
    expect(callsOf('setDeleteOnTermination')).toHaveLength(1);
  });

  test('is deleted once EC2 has let go of it, when it was on its way out', async () => {
    const { eni, sweep, ec2, eniIds } = await leakAttached();
    const { eniId, attachmentId } = eni;
    if (attachmentId !== undefined) await ec2.detachEni({ eniId, attachmentId });
    const swept: (readonly string[])[] = [];
    while (eniIds().length > 0) swept.push(await sweep());
    expect(swept.at(-1)).toEqual([eni.eniId]);
    expect(swept.length).toBeGreaterThan(1);
  });
});
