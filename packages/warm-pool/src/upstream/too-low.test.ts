import { expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import { planUpstream } from './plan-upstream.ts';

const isTooLow = (...[state, targets, limits]: Parameters<typeof planUpstream>) =>
  planUpstream(state, targets, limits, NOW_MS).figures[0]?.isTooLow;

// Reference, §5.9.3.
test.each([
  { row: 37, I: 14, WE: 1, W: 0, T: 0, A: 0, maxPods: 500, low: true },
  { row: 38, I: 14, WE: 0, W: 0, T: 0, A: 0, maxPods: 500, low: true },
  { row: 39, I: 14, WE: 0, W: 3, T: 0, A: 0, maxPods: 500, low: true },
  { row: 40, I: 3, WE: 1, W: 1, T: 3, A: 0, maxPods: 500, low: false },
  { row: 41, I: 3, WE: 1, W: 0, T: 3, A: 1, maxPods: 500, low: true },
  { row: 42, I: 3, WE: 0, W: 0, T: 3, A: 1, maxPods: 500, low: false },
  { row: 43, I: 3, WE: 1, W: 0, T: 3, A: 3, maxPods: 500, low: true },
  { row: 44, I: 3, WE: 0, W: 0, T: 3, A: 3, maxPods: 500, low: true },
  { row: 45, I: 3, WE: 0, W: 5, T: 3, A: 3, maxPods: 3, low: false },
])('row $row, secondary addresses: $low', ({ I, WE, W, T, A, maxPods, low }) => {
  const state = stateOf([eni({ id: 1, reserved: A, free: T - A })], { maxPods });
  expect(isTooLow(state, targetsOf(WE, W), limitsOf(I), NOW_MS)).toBe(low);
});

test.each([
  { row: 46, WP: 1, T: 0, A: 0, maxPods: 500, low: true },
  { row: 47, WP: 0, T: 0, A: 0, maxPods: 500, low: true },
  { row: 48, WP: 1, T: 16, A: 0, maxPods: 500, low: false },
  { row: 49, WP: 1, T: 16, A: 1, maxPods: 500, low: true },
  { row: 50, WP: 0, T: 16, A: 1, maxPods: 500, low: false },
  { row: 51, WP: 1, T: 16, A: 3, maxPods: 500, low: true },
  { row: 52, WP: 0, T: 16, A: 3, maxPods: 500, low: false },
  { row: 53, WP: 1, T: 16, A: 3, maxPods: 4, low: false },
])('row $row, prefixes: $low', ({ WP, T, A, maxPods, low }) => {
  const state = stateOf([eni({ id: 1, prefixPods: T === 0 ? [] : [A] })], { maxPods });
  expect(isTooLow(state, prefixTargets(WP), limitsOf(16), NOW_MS)).toBe(low);
});
