import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import type { EniId } from './ec2-ids.ts';
import { createFakeEc2 } from './fake-ec2.ts';
import { settle } from './settle.ts';
import { type RetryPolicy, retryDelayMs, withRetry } from './with-retry.ts';

const policy: RetryPolicy = {
  attempts: 4,
  baseDelayMs: 1_000,
  maxDelayMs: 3_000,
  jitter: 0,
  random: () => 0,
};
const eniId: EniId = 'eni-1';

function setUp() {
  const clock = createFakeClock();
  const ec2 = createFakeEc2();
  ec2.addEni({ eniId });
  return { clock, ec2, port: withRetry(ec2, policy, clock) };
}

describe('withRetry', () => {
  test.each(['throttled', 'busy'] as const)(
    'repeats a %s call after growing waits',
    async (code) => {
      const { clock, ec2, port } = setUp();
      ec2.failNext('assignAddresses', code, 3);
      const startedAtMs = clock.nowMs();
      const assigned = await settle(port.assignAddresses({ eniId, count: 1 }), clock);
      expect(assigned).toHaveLength(1);
      expect(clock.nowMs() - startedAtMs).toBe(1_000 + 2_000 + 3_000);
    },
  );

  test('gives up with the last error', async () => {
    const { clock, ec2, port } = setUp();
    ec2.failNext('deleteEni', 'throttled', 4);
    await expect(settle(port.deleteEni(eniId), clock)).rejects.toMatchObject({ code: 'throttled' });
    expect(ec2.enis()).toHaveLength(1);
  });

  test('repeats a call without an answer if it may run twice', async () => {
    const { clock, ec2, port } = setUp();
    ec2.loseNextAnswer('deleteEni');
    expect(await settle(port.deleteEni(eniId), clock)).toBe('not-found');
  });

  test.each(['throttled', 'busy'] as const)(
    'does not say that nothing was done (%s) after a try without an answer',
    async (code) => {
      const { clock, ec2, port } = setUp();
      ec2.loseNextAnswer('createTags');
      ec2.failNext('createTags', code, 3);
      const tagging = settle(port.createTags({ eniId, tags: { a: 'b' } }), clock);
      await expect(tagging).rejects.toMatchObject({ code: 'unreachable' });
      expect(ec2.enis()[0]?.tags).toEqual({ a: 'b' });
    },
  );

  test.each([
    { operation: 'assignAddresses', assigned: 'secondaryAddresses' },
    { operation: 'assignPrefixes', assigned: 'prefixes' },
    { operation: 'assignIpv6Prefixes', assigned: 'ipv6Prefixes' },
  ] as const)('$operation does not assign twice when the answer was lost', async (assign) => {
    const { clock, ec2, port } = setUp();
    ec2.loseNextAnswer(assign.operation);
    const assigning = settle<unknown>(port[assign.operation]({ eniId, count: 2 }), clock);
    await expect(assigning).rejects.toMatchObject({ code: 'unreachable' });
    expect(ec2.enis()[0]?.[assign.assigned]).toHaveLength(2);
  });

  test.each(['subnet-exhausted', 'not-permitted', 'invalid-request'] as const)(
    'takes %s as the answer it is',
    async (code) => {
      const { clock, ec2, port } = setUp();
      ec2.failNext('createTags', code);
      const startedAtMs = clock.nowMs();
      await expect(settle(port.createTags({ eniId, tags: {} }), clock)).rejects.toMatchObject({
        code,
      });
      expect(clock.nowMs()).toBe(startedAtMs);
    },
  );

  test('stops waiting when aborted', async () => {
    const { clock, ec2, port } = setUp();
    ec2.failNext('deleteEni', 'throttled', 4);
    const controller = new AbortController();
    const deleting = port.deleteEni(eniId, { signal: controller.signal });
    deleting.catch(() => {});
    await clock.advance(500);
    controller.abort(new Error('shutting down'));
    await expect(deleting).rejects.toThrow('shutting down');
  });
});

test('retryDelayMs adds at most the share of jitter', () => {
  const jittery = { ...policy, jitter: 0.5 };
  expect(retryDelayMs({ ...jittery, random: () => 0 }, 1)).toBe(1_000);
  expect(retryDelayMs({ ...jittery, random: () => 0.999 }, 1)).toBe(1_500);
  expect(retryDelayMs({ ...jittery, random: () => 0.5 }, 30)).toBe(3_750);
});
