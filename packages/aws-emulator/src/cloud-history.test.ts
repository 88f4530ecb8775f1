import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cloud } from './cloud/cloud.ts';
import { CloudHistory } from './cloud-history.ts';

function start() {
  const time = { nowMs: 1000 };
  const cloud = new Cloud({ region: 'us-west-2', accountId: '123456789012' });
  const history = new CloudHistory(cloud, () => time.nowMs);
  const change = () => {
    cloud.network.addVpc({ cidr: '10.0.0.0/16' });
    history.record();
  };
  const seen = (lagMs: number) => history.asOf(lagMs).network.vpcs.size;
  return { time, cloud, history, change, seen };
}

describe('the past of a cloud', () => {
  test('begins when somebody lags, and ends when nobody does', () => {
    const { time, history, change, seen } = start();
    change();
    history.keepFor([5000]);
    change();
    expect(seen(5000)).toBe(1);
    expect(seen(0)).toBe(2);
    history.keepFor([]);
    time.nowMs += 1;
    expect(seen(5000)).toBe(2);
  });

  test('shows a state that the reader can be shown, even a newer one', () => {
    const { time, history, change } = start();
    history.keepFor([5000]);
    time.nowMs += 1;
    change();
    const hasVpc = (cloud: Cloud) => cloud.network.vpcs.size > 0;
    expect(history.asOf(5000, hasVpc).network.vpcs.size).toBe(1);
  });

  test('is for every lag what a complete record says', () => {
    const lags = fc.uniqueArray(
      fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Number.POSITIVE_INFINITY)),
      { minLength: 1, maxLength: 3 },
    );
    // How long nothing happens before each change.
    const pauses = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 });
    fc.assert(
      fc.property(lags, pauses, (lagsMs, pausesMs) => {
        const { time, history, change, seen } = start();
        history.keepFor(lagsMs);
        const record = [{ atMs: time.nowMs, vpcs: 0 }];
        for (const [index, pauseMs] of pausesMs.entries()) {
          time.nowMs += pauseMs;
          change();
          record.push({ atMs: time.nowMs, vpcs: index + 1 });
          for (const lagMs of lagsMs) {
            const then = record.findLast(({ atMs }) => atMs <= time.nowMs - lagMs) ?? record[0];
            expect(seen(lagMs)).toBe(then?.vpcs);
          }
        }
      }),
    );
  });
});
