import { describe, expect, test } from '@jest/globals';
import { KnobBoard } from './knob-board.ts';
import type { KnobTarget } from './knobs.ts';

const targets: readonly KnobTarget[] = ['CreateTags', 'ec2'];

function board(start = 0) {
  const time = { nowMs: start };
  const knobs = new KnobBoard({
    attachDelayMs: 0,
    nowMs: () => time.nowMs,
    onLag: () => {},
    setUnavailable: () => Promise.resolve(),
  });
  const outcome = () => {
    try {
      knobs.admit(targets);
      return 'ok';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  return { knobs, time, outcome };
}

describe('knobs', () => {
  test('fail the next calls and no more', () => {
    const { knobs, outcome } = board();
    knobs.failNext('CreateTags', { code: 'A', message: '', count: 2 });
    knobs.failNext('ec2', { code: 'B', message: '' });
    expect([outcome(), outcome(), outcome(), outcome()]).toEqual(['A', 'A', 'B', 'ok']);
  });

  test('leave the failures of another action alone', () => {
    const { knobs, outcome } = board();
    knobs.failNext('DeleteTags', { code: 'A', message: '' });
    expect(outcome()).toBe('ok');
  });

  test('keep a failure for after the effect until then', () => {
    const { knobs, outcome } = board();
    knobs.failNext('CreateTags', { code: 'Lost', message: '', when: 'after' });
    expect(outcome()).toBe('ok');
    expect(() => knobs.conclude(targets)).toThrow(expect.objectContaining({ code: 'Lost' }));
    expect(() => knobs.conclude(targets)).not.toThrow();
  });

  test('deny until allowed', () => {
    const { knobs, outcome } = board();
    knobs.deny('CreateTags');
    expect([outcome(), outcome()]).toEqual(['UnauthorizedOperation', 'UnauthorizedOperation']);
    knobs.allow('CreateTags');
    expect(outcome()).toBe('ok');
  });

  test('throttle beyond the burst and refill with time', () => {
    const { knobs, time, outcome } = board();
    knobs.setBucket(['CreateTags', 'DeleteTags'], { burst: 2, perSecond: 4 });
    expect([outcome(), outcome(), outcome()]).toEqual(['ok', 'ok', 'RequestLimitExceeded']);
    time.nowMs += 250;
    expect([outcome(), outcome()]).toEqual(['ok', 'RequestLimitExceeded']);
    knobs.setBucket('CreateTags', undefined);
    expect(outcome()).toBe('ok');
  });

  test("give every action EC2's own bucket", () => {
    const { knobs } = board();
    knobs.useEc2Buckets();
    const admitted = (target: KnobTarget) => {
      const isAdmitted = () => {
        try {
          knobs.admit([target, 'ec2']);
          return true;
        } catch {
          return false;
        }
      };
      return Array.from({ length: 200 }, isAdmitted).filter(Boolean).length;
    };
    expect(admitted('CreateNetworkInterface')).toBe(50);
    expect(admitted('AttachNetworkInterface')).toBe(50);
    expect(admitted('DescribeSubnets')).toBe(100);
  });

  test("prefer an action's own latency to the service's", () => {
    const { knobs } = board();
    knobs.latencyMs.ec2 = 20;
    expect(knobs.latencyOf(targets)).toBe(20);
    knobs.latencyMs.CreateTags = 0;
    expect(knobs.latencyOf(targets)).toBe(0);
    expect(knobs.latencyOf(['imds'])).toBe(0);
  });
});
