import { describe, expect, test } from '@jest/globals';
import type { Action } from '../action.ts';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { PoolEni } from '../pool-state.ts';
import { plan } from './plan.ts';

const added = (actions: readonly Action[]): number =>
  actions.reduce((total, action) => {
    if (action.kind === 'create-eni') return total + action.addressCount;
    return action.kind === 'assign-addresses' ? total + action.count : total;
  }, 0);

const returned = (actions: readonly Action[]): number =>
  actions.reduce(
    (total, action) =>
      action.kind === 'unassign-addresses' ? total + action.addresses.length : total,
    0,
  );

// Reference behaviour, "Too-low decision (unit-test figures)".
describe('a pool is too low', () => {
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
  ])('row $row: $low', ({ I, WE, W, T, A, maxPods, low }) => {
    const enis = T === 0 ? [] : [eni({ id: 1, reserved: A, free: T - A })];
    const { actions } = plan(stateOf(enis, { maxPods }), targetsOf(WE, W), limitsOf(I), NOW_MS);
    expect(added(actions) > 0).toBe(low);
  });
});

// Reference behaviour, "Target state", secondary-IP rows.
describe('address targets ask for and give back', () => {
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
  ])('row $row: $short and $over', ({ T, A, W, M, short, over }) => {
    const state = stateOf([eni({ id: 1, reserved: A, free: T - A })]);
    const { actions } = plan(state, targetsOf(1, W, M), limitsOf(49), NOW_MS);
    expect([added(actions), returned(actions)]).toEqual([short, over]);
  });
});

/** An ENI with `P` prefixes and `A` pods, `F` of the prefixes wholly free. */
function eniWithPrefixes(P: number, A: number, F = Math.max(0, P - Math.ceil(A / 16))): PoolEni {
  const used = P - F;
  let left = A - used;
  const prefixPods = Array.from({ length: P }, (_, index) => {
    const more = index < used ? Math.min(15, left) : 0;
    left -= more;
    return index < used ? 1 + more : 0;
  });
  return eni({ id: 1, prefixPods });
}

const prefixesAdded = (actions: readonly Action[]): readonly number[] =>
  actions.flatMap((action) =>
    action.kind === 'assign-prefixes' || action.kind === 'create-eni-with-prefixes'
      ? [action.prefixCount]
      : [],
  );

const prefixesReturned = (actions: readonly Action[]): number =>
  actions.reduce(
    (total, action) =>
      action.kind === 'unassign-prefixes' ? total + action.prefixes.length : total,
    0,
  );

// Reference behaviour, "Too-low decision", prefix rows.
describe('a pool of prefixes is too low', () => {
  test.each([
    { row: 46, WP: 1, T: 0, A: 0, maxPods: 500, low: true },
    { row: 47, WP: 0, T: 0, A: 0, maxPods: 500, low: true },
    { row: 48, WP: 1, T: 16, A: 0, maxPods: 500, low: false },
    { row: 49, WP: 1, T: 16, A: 1, maxPods: 500, low: true },
    { row: 50, WP: 0, T: 16, A: 1, maxPods: 500, low: false },
    { row: '50, but for one address', WP: 0, T: 16, A: 15, maxPods: 500, low: false },
    { row: '47, all in use', WP: 0, T: 16, A: 16, maxPods: 500, low: true },
    { row: 51, WP: 1, T: 16, A: 3, maxPods: 500, low: true },
    { row: 52, WP: 0, T: 16, A: 3, maxPods: 500, low: false },
    { row: 53, WP: 1, T: 16, A: 3, maxPods: 4, low: false },
  ])('row $row: $low', ({ WP, T, A, maxPods, low }) => {
    const state = stateOf([eniWithPrefixes(T / 16, A)], { maxPods });
    const { actions } = plan(state, prefixTargets(WP), limitsOf(16), NOW_MS);
    expect(prefixesAdded(actions)).toEqual(low ? [1] : []);
  });
});

// Reference behaviour, "Target state", prefix rows.
describe('address targets in prefix mode ask for and give back', () => {
  test.each([
    { row: 65, P: 0, A: 0, F: 0, W: 5, M: 0, short: [1], over: 0 },
    { row: 66, P: 2, A: 0, F: 2, W: 5, M: 0, short: [], over: 1 },
    { row: 67, P: 1, A: 0, F: 1, W: 5, M: 0, short: [], over: 0 },
    { row: 68, P: 1, A: 1, F: 0, W: 16, M: 0, short: [1], over: 0 },
    { row: 69, P: 3, A: 1, F: 2, W: 16, M: 0, short: [], over: 1 },
    { row: 70, P: 3, A: 3, F: 0, W: 15, M: 0, short: [], over: 0 },
    { row: 71, P: 4, A: 0, F: 4, W: 5, M: 40, short: [], over: 1 },
    { row: 72, P: 0, A: 0, F: 0, W: 7, M: 20, short: [2], over: 0 },
    { row: 73, P: 4, A: 58, F: 0, W: 7, M: 20, short: [1], over: 0 },
    { row: 74, P: 5, A: 10, F: 4, W: 2, M: 20, short: [], over: 3 },
    { row: 75, P: 0, A: 0, F: 0, W: 0, M: 40, short: [3], over: 0 },
    // Row 76, in one plan: the reference takes a cycle for each ENI.
    { row: 76, P: 0, A: 0, F: 0, W: 100, M: 0, short: [3, 3, 1], over: 0, limits: limitsOf(3, 3) },
  ])('row $row: $short and $over', ({ P, A, F, W, M, short, over, limits = limitsOf(49) }) => {
    const state = stateOf([eniWithPrefixes(P, A, F)]);
    const { actions } = plan(state, prefixTargets(1, W, M), limits, NOW_MS);
    expect([prefixesAdded(actions), prefixesReturned(actions)]).toEqual([short, over]);
  });
});

// Reference behaviour, "ENI removal".
describe('an idle ENI is deleted', () => {
  const used = eni({ id: 1, reserved: 2 });
  const two = eni({ id: 2, free: 2 });
  const one = eni({ id: 3, free: 1 });
  const trunk = eni({ id: 4, free: 1, rest: { kind: 'trunk' } });
  const efa = eni({ id: 5, free: 1, rest: { kind: 'efa' } });
  const excluded = eni({ id: 7, free: 1, rest: { kind: 'excluded' } });
  test.each([
    { row: 77, enis: [used, two, one], W: 3, M: 1, deleted: [] },
    { row: 78, enis: [used, two, one], W: 1, M: 5, deleted: [] },
    { row: 79, enis: [used, two, one], W: 2, M: 4, deleted: ['eni-3'] },
    { row: 80, enis: [used, two], W: 0, M: 3, deleted: [] },
    { row: 81, enis: [used, two], W: 0, M: 2, deleted: ['eni-2'] },
    { row: 82, enis: [used, trunk, efa], W: 0, M: 2, deleted: [] },
    { row: 83, enis: [used, trunk, efa, eni({ id: 6 })], W: 0, M: 2, deleted: ['eni-6'] },
    { row: 85, enis: [used, excluded], W: 0, M: 0, deleted: ['eni-7'] },
    { row: 86, enis: [used, { ...excluded, reservedCount: 1 }], W: 0, M: 0, deleted: [] },
  ])('row $row: $deleted', ({ enis, W, M, deleted }) => {
    const { actions } = plan(stateOf(enis), targetsOf(1, W, M), limitsOf(9), NOW_MS);
    expect(
      actions.flatMap((action) => (action.kind === 'delete-eni' ? [action.eniId] : [])),
    ).toEqual(deleted);
  });
});
