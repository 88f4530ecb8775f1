import { expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { PoolEni } from '../pool-state.ts';
import { planUpstream } from './plan-upstream.ts';

const used = eni({ id: 1, reserved: 2 });
const two = eni({ id: 2, free: 2 });
const one = eni({ id: 3, free: 1 });
const trunk = eni({ id: 4, free: 1, rest: { kind: 'trunk' } });
const efa = eni({ id: 5, free: 1, rest: { kind: 'efa' } });
const spare = eni({ id: 6 });
const excluded = (pods: number) =>
  eni({ id: 7, reserved: pods, free: 1, rest: { kind: 'excluded' } });

interface Row {
  readonly row: string;
  readonly enis: readonly PoolEni[];
  readonly W: number;
  readonly M: number;
  readonly WE?: number;
  readonly removed: readonly string[];
}

// Reference, §5.9.5. Rows 84 to 86 set no address target: WE=0, and plenty is free.
const plenty = eni({ id: 1, free: 9 });
const rows: readonly Row[] = [
  { row: '77', enis: [used, two, one], W: 3, M: 1, removed: [] },
  { row: '78', enis: [used, two, one], W: 1, M: 5, removed: [] },
  { row: '79', enis: [used, two, one], W: 2, M: 4, removed: ['eni-3'] },
  { row: '80', enis: [used, two], W: 0, M: 3, removed: [] },
  { row: '81', enis: [used, two], W: 0, M: 2, removed: ['eni-2'] },
  { row: '82', enis: [used, trunk, efa], W: 0, M: 2, removed: [] },
  { row: '83', enis: [used, trunk, efa, spare], W: 0, M: 2, removed: ['eni-6'] },
  {
    row: '84, cooling',
    enis: [plenty, eni({ id: 2, cooling: 1 })],
    W: 0,
    M: 0,
    WE: 0,
    removed: [],
  },
  {
    row: '84, younger than a minute',
    enis: [plenty, eni({ id: 2, free: 1, rest: { attachedAtMs: NOW_MS - 59_999 } })],
    W: 0,
    M: 0,
    WE: 0,
    removed: [],
  },
  {
    row: '84, both past',
    enis: [plenty, eni({ id: 2, free: 1, rest: { attachedAtMs: NOW_MS - 60_000 } })],
    W: 0,
    M: 0,
    WE: 0,
    removed: ['eni-2'],
  },
  { row: '85', enis: [plenty, excluded(0)], W: 0, M: 0, WE: 0, removed: ['eni-7'] },
  { row: '86', enis: [plenty, excluded(1)], W: 0, M: 0, WE: 0, removed: [] },
];

test.each(rows)('row $row: $removed', ({ enis, W, M, WE = 1, removed }) => {
  // A scale-down of addresses a moment ago, so that only whole ENIs may go.
  const state = stateOf(enis, { lastDecreasedAtMs: NOW_MS });
  const { actions } = planUpstream(state, targetsOf(WE, W, M), limitsOf(9), NOW_MS);
  expect(actions.flatMap((action) => (action.kind === 'delete-eni' ? [action.eniId] : []))).toEqual(
    removed,
  );
});

// Reference, §5.6.
test.each([
  { free: 8, removed: [] },
  { free: 9, removed: ['eni-2'] },
])(
  'without address targets, an ENI goes when WE + 1 are free: 9 and $free',
  ({ free, removed }) => {
    const state = stateOf([plenty, eni({ id: 2, free })]);
    const { actions } = planUpstream(state, targetsOf(1), limitsOf(9), NOW_MS);
    expect(actions.map((action) => 'eniId' in action && action.eniId)).toEqual(removed);
  },
);

test.each([
  { name: 'the prefix target', targets: prefixTargets(1), prefixPods: [0], goes: true },
  {
    name: 'too few for the prefix target',
    targets: prefixTargets(2),
    prefixPods: [0],
    goes: false,
  },
  {
    name: 'the address target in whole prefixes',
    targets: prefixTargets(0, 17),
    prefixPods: [0, 0],
    goes: true,
  },
  {
    name: 'too few in whole prefixes',
    targets: prefixTargets(0, 17),
    prefixPods: [0, 1],
    goes: false,
  },
  {
    name: 'the floor in whole prefixes',
    targets: prefixTargets(0, 0, 17),
    prefixPods: [1, 1],
    goes: true,
  },
  { name: 'too few for that floor', targets: prefixTargets(0, 0, 16), prefixPods: [], goes: false },
])('an empty ENI beside $name goes: $goes', ({ targets, prefixPods, goes }) => {
  // No pods possible, so that nothing grows.
  const state = stateOf([eni({ id: 1, prefixPods }), eni({ id: 2 })], {
    maxPods: 0,
    lastDecreasedAtMs: NOW_MS,
  });
  const { actions } = planUpstream(state, targets, limitsOf(9), NOW_MS);
  expect(actions.some(({ kind }) => kind === 'delete-eni')).toBe(goes);
});

test('quirk: a single address counts as a free prefix', () => {
  const state = stateOf([eni({ id: 1, free: 1 }), eni({ id: 2 })], { maxPods: 0 });
  const { actions } = planUpstream(state, prefixTargets(1), limitsOf(9), NOW_MS);
  expect(actions.some(({ kind }) => kind === 'delete-eni')).toBe(true);
});

test('quirk: not one that a pod has', () => {
  const state = stateOf([eni({ id: 1, reserved: 1 }), eni({ id: 2 })], { maxPods: 0 });
  const { actions } = planUpstream(state, prefixTargets(1), limitsOf(9), NOW_MS);
  expect(actions).toEqual([]);
});

const inPrefix = (figures: { readonly reservedCount: number; readonly coolingCount: number }) => ({
  prefixes: [{ prefix: '10.2.2.0/28', ...figures }],
});

test.each([
  {
    what: 'pods',
    second: eni({ id: 2, reserved: 1, rest: inPrefix({ reservedCount: 1, coolingCount: 0 }) }),
  },
  {
    what: 'cooling addresses',
    second: eni({ id: 2, cooling: 1, rest: inPrefix({ reservedCount: 0, coolingCount: 1 }) }),
  },
])('an ENI stays for its $what of both kinds', ({ second }) => {
  const state = stateOf([eni({ id: 1, prefixPods: [0, 0] }), second], {
    maxPods: 0,
    lastDecreasedAtMs: NOW_MS,
  });
  expect(planUpstream(state, prefixTargets(0, 1), limitsOf(9), NOW_MS).actions).toEqual([]);
});

test('addresses promised back to EC2 have left the pool', () => {
  const state = stateOf([eni({ id: 1, reserved: 1, draining: 3 })]);
  const { actions } = planUpstream(state, targetsOf(1, 2), limitsOf(9), NOW_MS);
  expect(actions).toMatchObject([{ kind: 'assign-addresses', count: 2 }]);
});
