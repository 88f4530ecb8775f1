import { describe, expect, test } from '@jest/globals';
import { createFakeClock } from '@vpc-cni/testing';
import { createFakeEc2 } from './fake-ec2.ts';
import { createCallBudget, defaultCallBudget, withCallBudget } from './with-call-budget.ts';

function setUp() {
  const clock = createFakeClock();
  const ec2 = createFakeEc2();
  const budget = createCallBudget(
    {
      ...defaultCallBudget,
      reads: { burst: 2, perSecond: 1 },
      writes: { burst: 1, perSecond: 0.5 },
      random: () => 0,
    },
    clock,
  );
  const port = withCallBudget(ec2, budget);
  const started = () => ec2.calls.length;
  return { clock, ec2, port, budget, started };
}

describe('withCallBudget', () => {
  test('holds back what exceeds the burst, in order of arrival', async () => {
    const { clock, ec2, port, started } = setUp();
    const ids = ['eni-a', 'eni-b', 'eni-c'] as const;
    const all = Promise.all(ids.map((eniId) => port.deleteEni(eniId)));
    await clock.advance(0);
    expect(started()).toBe(1);
    await clock.advance(2_000);
    expect(started()).toBe(2);
    await clock.advance(2_000);
    await all;
    expect(ec2.calls.map(({ request }) => request)).toEqual(ids);
  });

  test('counts by EC2 action', async () => {
    const { clock, port, budget, started } = setUp();
    const eniId = 'eni-1';
    const all = Promise.allSettled([
      port.deleteEni(eniId),
      port.describeEnis({ eniIds: [] }),
      port.describeEnis({ eniIds: [] }),
      port.describeSubnets({ subnetIds: [] }),
      port.assignAddresses({ eniId, count: 1 }),
      port.assignPrefixes({ eniId, count: 1 }), // the same action as the one before
    ]);
    await clock.advance(0);
    expect(started()).toBe(5);
    expect(budget.figures().get('AssignPrivateIpAddresses')).toMatchObject({ waiting: 1 });
    await clock.advance(2_000);
    await all;
    expect([...budget.figures()].map(([action, { callCount }]) => [action, callCount])).toEqual([
      ['DeleteNetworkInterface', 1],
      ['DescribeNetworkInterfaces', 2],
      ['DescribeSubnets', 1],
      ['AssignPrivateIpAddresses', 2],
    ]);
  });

  test('slows down the action that EC2 throttles, and no other', async () => {
    const { ec2, port, budget } = setUp();
    ec2.failNext('describeEnis', 'throttled');
    await expect(port.describeEnis({ eniIds: [] })).rejects.toMatchObject({ code: 'throttled' });
    await port.describeSubnets({ subnetIds: [] });
    expect(budget.figures().get('DescribeNetworkInterfaces')).toMatchObject({ perSecond: 0.5 });
    expect(budget.figures().get('DescribeSubnets')).toMatchObject({ perSecond: 1 });
  });

  test.each(['not-permitted', 'unreachable'] as const)('does not mind %s', async (code) => {
    const { ec2, port, budget } = setUp();
    ec2.failNext('describeEnis', code);
    await expect(port.describeEnis({ eniIds: [] })).rejects.toMatchObject({ code });
    expect(budget.figures().get('DescribeNetworkInterfaces')).toMatchObject({
      perSecond: 1,
      throttledCount: 0,
    });
  });

  test('refuses in its own name what would have to wait too long', async () => {
    const { clock, port, started } = setUp();
    const all = Promise.allSettled(
      Array.from({ length: 18 }, (_, n) => port.deleteEni(`eni-${n}`)),
    );
    await clock.advance(60_000);
    const refusals = (await all).filter(({ status }) => status === 'rejected');
    expect(started()).toBe(16);
    expect(refusals).toEqual(
      ['eni-16', 'eni-17'].map((eniId) => ({
        status: 'rejected',
        reason: expect.objectContaining({
          message:
            `[throttled] calling ec2:DeleteNetworkInterface for ${eniId}: ` +
            "this node's budget for it is used up; the next call may start in 2 s",
          facts: { action: 'DeleteNetworkInterface', eniId, retryAfterMs: 2_000 },
        }),
      })),
    );
  });
});
