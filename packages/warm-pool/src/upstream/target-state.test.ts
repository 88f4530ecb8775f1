import { expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import { planUpstream } from './plan-upstream.ts';

const targetOf = (...[state, targets, limits]: Parameters<typeof planUpstream>) => {
  const target = planUpstream(state, targets, limits, NOW_MS).figures[0]?.target;
  return [target?.shortfall, target?.surplus];
};

// Reference, §5.9.4.
test.each([
  { row: 54, T: 0, A: 0, W: 5, M: 0, short: 5, over: 0 },
  { row: 55, T: 2, A: 0, W: 5, M: 0, short: 3, over: 0 },
  { row: 56, T: 5, A: 0, W: 5, M: 0, short: 0, over: 0 },
  { row: 57, T: 4, A: 2, W: 1, M: 0, short: 0, over: 1 },
  { row: 58, T: 20, A: 3, W: 5, M: 10, short: 0, over: 10 },
  { row: 59, T: 30, A: 10, W: 5, M: 0, short: 0, over: 15 },
  { row: 60, T: 12, A: 0, W: 2, M: 12, short: 0, over: 0 },
  { row: 61, T: 20, A: 5, W: 0, M: 12, short: 0, over: 8 },
  { row: 62, T: 12, A: 12, W: 0, M: 12, short: 0, over: 0 },
  { row: 63, T: 12, A: 11, W: 2, M: 12, short: 1, over: 0 },
  { row: 64, T: 9, A: 9, W: 1, M: 1, short: 1, over: 0 },
])('row $row, secondary addresses: $short and $over', ({ T, A, W, M, short, over }) => {
  const state = stateOf([eni({ id: 1, reserved: A, free: T - A })]);
  expect(targetOf(state, targetsOf(1, W, M), limitsOf(49), NOW_MS)).toEqual([short, over]);
});

test.each([
  { row: 65, pods: [], W: 5, M: 0, short: 1, over: 0 },
  { row: 66, pods: [0, 0], W: 5, M: 0, short: 0, over: 1 },
  { row: 67, pods: [0], W: 5, M: 0, short: 0, over: 0 },
  { row: 68, pods: [1], W: 16, M: 0, short: 1, over: 0 },
  { row: 69, pods: [1, 0, 0], W: 16, M: 0, short: 0, over: 1 },
  { row: 70, pods: [1, 1, 1], W: 15, M: 0, short: 0, over: 0 },
  { row: 71, pods: [0, 0, 0, 0], W: 5, M: 40, short: 0, over: 1 },
  { row: 72, pods: [], W: 7, M: 20, short: 2, over: 0 },
  { row: 73, pods: [16, 16, 16, 10], W: 7, M: 20, short: 1, over: 0 },
  { row: 74, pods: [10, 0, 0, 0, 0], W: 2, M: 20, short: 0, over: 3 },
  { row: 75, pods: [], W: 0, M: 40, short: 3, over: 0 },
  { row: 76, pods: [], W: 100, M: 0, short: 7, over: 0 },
])('row $row, prefixes: $short and $over', ({ pods, W, M, short, over }) => {
  const state = stateOf([eni({ id: 1, prefixPods: pods })]);
  expect(targetOf(state, prefixTargets(0, W, M), limitsOf(49), NOW_MS)).toEqual([short, over]);
});

test('row 57: one address goes back, even if two ENIs have one to spare', () => {
  const state = stateOf([
    eni({ id: 1, reserved: 1, free: 1 }),
    eni({ id: 2, reserved: 1, free: 1 }),
  ]);
  const { actions } = planUpstream(state, targetsOf(1, 1), limitsOf(9), NOW_MS);
  expect(actions).toEqual([
    {
      kind: 'unassign-addresses',
      eniId: 'eni-1',
      addresses: ['10.1.0.0'],
      reason: 'above-targets',
    },
  ]);
});

test('row 76: of seven prefixes missing, the first step asks for the three that fit', () => {
  const { actions } = planUpstream(
    stateOf([eni({ id: 1 })]),
    prefixTargets(0, 100),
    limitsOf(3),
    NOW_MS,
  );
  expect(actions).toEqual([
    { kind: 'assign-prefixes', eniId: 'eni-1', prefixCount: 3, reason: 'below-warm-ips' },
  ]);
});

// Reference, traps 5 and 37, and the 30 s of §5.1.
test('cooling addresses go back to EC2 with the rest', () => {
  const state = stateOf([eni({ id: 1, reserved: 1, cooling: 3 })]);
  const { actions } = planUpstream(state, targetsOf(1, 1), limitsOf(9), NOW_MS);
  expect(actions).toMatchObject([{ addresses: ['10.1.1.0', '10.1.1.1'] }]);
});

test.each([
  { ageMs: 30_000, decreases: false },
  { ageMs: 30_001, decreases: true },
])('$ageMs ms after a scale-down the next one: $decreases', ({ ageMs, decreases }) => {
  const state = stateOf([eni({ id: 1, free: 3 })], { lastDecreasedAtMs: NOW_MS - ageMs });
  expect(planUpstream(state, targetsOf(1, 1), limitsOf(9), NOW_MS).hasDecreased).toBe(decreases);
});

test('a pool that is on target has not decreased: the next scale-down need not wait', () => {
  const state = stateOf([eni({ id: 1, reserved: 1, free: 1 })]);
  const { hasDecreased, actions } = planUpstream(state, targetsOf(1, 1), limitsOf(9), NOW_MS);
  expect({ hasDecreased, actions }).toEqual({ hasDecreased: false, actions: [] });
});
