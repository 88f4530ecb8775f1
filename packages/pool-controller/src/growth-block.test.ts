import { describe, expect, test } from '@jest/globals';
import { type GrowthBlock, growthBlockOf } from './growth-block.ts';

const refusal = (code: string) => Object.assign(new Error(`refused: ${code}`), { code });

/** The block after failures at these seconds. */
const blockAfter = (code: string, atS: readonly number[]): GrowthBlock | undefined =>
  atS.reduce<GrowthBlock | undefined>(
    (previous, s) => growthBlockOf(refusal(code), previous, 1_000 * s),
    undefined,
  );

test.each([
  ['throttled', 'throttled'],
  ['not-permitted', 'permission'],
  ['account-limit-reached', 'eni-limit'],
  ['instance-not-found', 'terminating'],
  ['unreachable', 'ec2-unavailable'],
  ['a code nobody knows', 'ec2-unavailable'],
])('a failure with code %s is told as %s', (code, reason) => {
  expect(growthBlockOf(refusal(code), undefined, 0).reason).toBe(reason);
});

describe('growth is held back', () => {
  test.each([
    ['for 1 s after a failure', 'unreachable', [0], 1],
    ['twice as long after the next', 'unreachable', [0, 1], 1 + 2],
    ['for 30 s at most', 'unreachable', [0, 1, 3, 7, 15, 31, 61], 61 + 30],
    ['for 2 min where a subnet is full', 'subnet-exhausted', [0], 120],
    ['twice as long when it still is', 'subnet-exhausted', [0, 120], 120 + 240],
    ['no longer for failures of calls in parallel', 'subnet-exhausted', [0, 1], 1 + 120],
  ])('%s', (_, code, atS, untilS) => {
    expect((blockAfter(code, atS)?.untilMs ?? 0) / 1_000).toBe(untilS);
  });

  test('until EC2 is ready, if that is later', () => {
    const error = Object.assign(refusal('throttled'), { facts: { retryAfterMs: 7_000 } });
    expect(growthBlockOf(error, undefined, 0)).toEqual({
      reason: 'throttled',
      message: 'refused: throttled',
      untilMs: 7_000,
      failureCount: 1,
    });
  });
});
