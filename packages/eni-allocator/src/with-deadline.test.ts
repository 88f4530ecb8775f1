import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createFakeEc2 } from './fake-ec2.ts';
import type { CallOptions } from './ports.ts';
import { withDeadline } from './with-deadline.ts';

function setUp() {
  const clock = createFakeClock();
  const ec2 = createFakeEc2();
  let seen: AbortSignal | undefined;
  const hanging = {
    ...ec2,
    deleteEni: (_: string, { signal }: CallOptions = {}) => {
      seen = signal;
      return new Promise<never>(() => {}); // does not even listen
    },
  };
  return { clock, port: withDeadline(hanging, 5_000, clock), signalSeen: () => seen };
}

describe('withDeadline', () => {
  test('ends a call that hangs, and tells it so', async () => {
    const { clock, port, signalSeen } = setUp();
    const deleting = port.deleteEni('eni-1');
    deleting.catch(() => {});
    await clock.advance(4_999);
    expect(signalSeen()?.aborted).toBe(false);
    await clock.advance(1);
    await expect(deleting).rejects.toMatchObject({
      code: 'unreachable',
      facts: { action: 'DeleteNetworkInterface', eniId: 'eni-1', deadlineMs: 5_000 },
    });
    expect(signalSeen()?.aborted).toBe(true);
  });

  test('leaves an answer in time as it is', async () => {
    const { clock, port } = setUp();
    expect(await port.describeEnis({ eniIds: [] })).toEqual([]);
    await clock.advance(10_000);
  });

  test('passes on that the caller gave up', async () => {
    const { port } = setUp();
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(port.describeEnis({ eniIds: [] }, { signal })).rejects.toThrow('shutting down');
  });

  test('passes the abort of the caller to the call', async () => {
    const { clock, port, signalSeen } = setUp();
    const abort = new AbortController();
    port.deleteEni('eni-1', { signal: abort.signal }).catch(() => {});
    abort.abort(new Error('shutting down'));
    expect(signalSeen()?.reason).toMatchObject({ message: 'shutting down' });
    await clock.advance(5_000);
  });
});
