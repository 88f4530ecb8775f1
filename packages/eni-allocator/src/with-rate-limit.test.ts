import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createFakeEc2 } from './fake-ec2.ts';
import { withRateLimit } from './with-rate-limit.ts';

function setUp() {
  const clock = createFakeClock();
  const ec2 = createFakeEc2();
  const limits = { reads: { burst: 2, perSecond: 1 }, writes: { burst: 1, perSecond: 0.5 } };
  const port = withRateLimit(ec2, limits, clock);
  const started = () => ec2.calls.length;
  return { clock, ec2, port, started };
}

describe('withRateLimit', () => {
  test('lets the burst through and holds the rest back', async () => {
    const { clock, port, started } = setUp();
    const all = Promise.all([1, 2, 3, 4].map(() => port.describeEnis({ eniIds: [] })));
    await clock.advance(0);
    expect(started()).toBe(2);
    await clock.advance(999);
    expect(started()).toBe(2);
    await clock.advance(1);
    expect(started()).toBe(3);
    await clock.advance(1_000);
    expect(started()).toBe(4);
    await all;
  });

  test('serves in order of arrival', async () => {
    const { clock, ec2, port } = setUp();
    const ids = ['eni-a', 'eni-b', 'eni-c'] as const;
    const all = Promise.all(ids.map((eniId) => port.deleteEni(eniId)));
    await clock.advance(10_000);
    await all;
    expect(ec2.calls.map(({ request }) => request)).toEqual(ids);
  });

  test('counts looking and changing apart', async () => {
    const { clock, port, started } = setUp();
    const all = Promise.all([
      port.deleteEni('eni-a'),
      port.describeEnis({ eniIds: [] }),
      port.describeUsedDeviceIndexes('i-1'),
    ]);
    await clock.advance(0);
    expect(started()).toBe(3);
    await all;
  });

  test('refills up to the burst and no further', async () => {
    const { clock, port, started } = setUp();
    await clock.advance(3_600_000);
    const all = Promise.all([1, 2, 3].map(() => port.describeEnis({ eniIds: [] })));
    await clock.advance(0);
    expect(started()).toBe(2);
    await clock.advance(1_000);
    await all;
  });

  test('gives the place of an aborted call to the next', async () => {
    const { clock, port, started } = setUp();
    const controller = new AbortController();
    await port.deleteEni('eni-a');
    const aborted = port.deleteEni('eni-b', { signal: controller.signal });
    aborted.catch(() => {});
    await clock.advance(0);
    controller.abort(new Error('shutting down'));
    await expect(aborted).rejects.toThrow('shutting down');
    const next = port.deleteEni('eni-c');
    await clock.advance(2_000);
    await next;
    expect(started()).toBe(2);
  });
});
