import { describe, expect, test } from '@jest/globals';
import { eni, limitsOf, NOW_MS, prefixTargets, stateOf, targetsOf } from '../decisions.fixture.ts';
import type { MaxPodsLimits } from '../max-pods.ts';
import type { PoolEni } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { planUpstream, type UpstreamState } from './plan-upstream.ts';
import { SimulatedUpstreamNode } from './simulated-upstream-node.ts';

const M5_LARGE: MaxPodsLimits = { maxEnis: 3, addressesPerEni: 10 };
const defaults = targetsOf(1);
const custom: WarmTargets = { ...defaults, customNetworking: true };
const withTrunk: WarmTargets = { ...defaults, securityGroupsForPods: true };
const noManage = eni({ id: 9, rest: { kind: 'unmanaged' } });

interface Row {
  readonly row: number;
  readonly pods: number;
  readonly perEni: readonly number[];
  readonly targets?: WarmTargets;
  readonly limits?: MaxPodsLimits;
  readonly maxPods?: number;
  readonly more?: readonly PoolEni[];
}

// Reference, §5.9.6.
const rows: readonly Row[] = [
  { row: 87, pods: 0, perEni: [9] },
  { row: 88, pods: 1, perEni: [9, 9] },
  { row: 89, pods: 10, perEni: [9, 9, 9] },
  { row: 90, pods: 19, perEni: [9, 9, 9] },
  { row: 91, pods: 15, perEni: [9, 9], maxPods: 18 },
  { row: 92, pods: 15, perEni: [9, 9], targets: { ...defaults, maxEnis: 2 } },
  { row: 93, pods: 15, perEni: [9, 9], targets: withTrunk },
  {
    row: 94,
    pods: 15,
    perEni: [9, 9, 9],
    targets: withTrunk,
    limits: { ...M5_LARGE, maxBranchEnis: 0 },
  },
  { row: 95, pods: 15, perEni: [9, 0, 9], more: [noManage] },
  { row: 96, pods: 0, perEni: [9, 9], targets: targetsOf(2) },
  { row: 97, pods: 0, perEni: [0, 9], targets: custom },
  { row: 98, pods: 1, perEni: [0, 9, 9], targets: custom },
  { row: 99, pods: 0, perEni: [0], targets: { ...custom, maxEnis: 1 } },
];

test.each(rows)('row $row, $pods pods: $perEni', (one) => {
  const { targets = defaults, limits = M5_LARGE, maxPods = 500, more = [] } = one;
  const node = new SimulatedUpstreamNode(targets, limits, maxPods);
  node.enis = [...node.enis, ...more];
  node.cycles(20).startPods(one.pods);
  expect(node.cycles(60).addressesPerEni).toEqual(one.perEni);
});

const planned = (
  state: UpstreamState,
  targets = defaults,
  limits = M5_LARGE,
): ReturnType<typeof planUpstream> => planUpstream(state, targets, limits, NOW_MS);

test('row 90: a node without room does nothing, and says so', () => {
  const full = [1, 2, 3].map((id) => eni({ id, reserved: 6, free: 3 }));
  const { actions, refusals } = planned(
    stateOf([...full.slice(0, 2), eni({ id: 3, reserved: 9 })]),
  );
  expect([actions, refusals]).toEqual([[], [{ networkCardIndex: 0, reason: 'eni-limit' }]]);
});

describe('a primary ENI in an excluded subnet', () => {
  const excluded = eni({ id: 1, rest: { kind: 'excluded' } });
  test.each([
    { row: 100, secondaries: 0, low: true },
    { row: 101, secondaries: 1, low: true },
    { row: 102, secondaries: 2, low: false },
  ])('row $row, with $secondaries others: $low', ({ secondaries, low }) => {
    const others = [2, 3].slice(0, secondaries).map((id) => eni({ id, free: 10 }));
    const { figures } = planned(stateOf([excluded, ...others]), targetsOf(2), limitsOf(10));
    expect(figures[0]?.isTooLow).toBe(low);
  });
});

describe('growth that is refused', () => {
  const attempts = (state: UpstreamState, targets: WarmTargets, slots: number) =>
    (['subnet-exhausted', 'subnet-exhausted', 'subnet-exhausted'] as const).map((_, made, all) =>
      planned({ ...state, growthFailures: { 0: all.slice(0, made) } }, targets, limitsOf(slots)),
    );
  const empty = stateOf([eni({ id: 1 })]);

  test('row 103: a full subnet: all, then one, then an ENI with all, and no back-off', () => {
    const plans = attempts(empty, defaults, 14);
    expect(plans.map(({ actions }) => actions[0])).toMatchObject([
      { kind: 'assign-addresses', count: 14 },
      { kind: 'assign-addresses', count: 1 },
      { kind: 'create-eni', addressCount: 14 },
    ]);
    expect(plans.some(({ hasMetFullSubnet }) => hasMetFullSubnet)).toBe(false);
  });

  test('row 104: the same with prefixes', () => {
    const plans = attempts(empty, prefixTargets(1), 16);
    expect(plans.map(({ actions }) => actions[0])).toMatchObject([
      { kind: 'assign-prefixes', prefixCount: 1 },
      { kind: 'assign-prefixes', prefixCount: 1 },
      { kind: 'create-eni-with-prefixes', prefixCount: 1 },
    ]);
  });

  const full = 'subnet-exhausted' as const;
  test.each([
    {
      name: 'the new ENI too: back off',
      failures: [full, full, full],
      met: true,
      why: 'subnet-full',
    },
    {
      name: 'without subnet discovery: back off at once',
      failures: [full, full],
      targets: { ...defaults, subnetDiscovery: false },
      met: true,
      why: 'subnet-full',
    },
    { name: 'for another reason: give up', failures: [full, 'other'], met: false, why: 'failed' },
    {
      name: 'because it is full in truth',
      failures: ['address-limit-reached'],
      met: false,
      why: 'read-eni',
    },
  ] as const)('$name', (one) => {
    const targets = 'targets' in one ? one.targets : defaults;
    const { actions, refusals, hasMetFullSubnet } = planned(
      { ...empty, growthFailures: { 0: one.failures } },
      targets,
    );
    expect([actions, hasMetFullSubnet]).toEqual([[], one.met]);
    expect(refusals).toEqual([{ networkCardIndex: 0, reason: one.why }]);
  });
});

describe('what holds everything up', () => {
  const empty = [eni({ id: 1 })];
  test.each([
    { row: 105, targets: defaults, count: 0 },
    { row: 106, targets: { ...custom, managesNonSchedulable: true }, count: 1 },
  ])('row $row, a cordoned node: $count actions', ({ targets, count }) => {
    const { actions } = planned(stateOf(empty, { isSchedulable: false }), targets);
    expect(actions.map(({ kind }) => kind)).toEqual(Array(count).fill('create-eni'));
  });

  test.each([
    { name: '30 s ago', rest: { subnetBackoffUntilMs: NOW_MS + 90_000 }, grows: false },
    { name: '120 s ago', rest: { subnetBackoffUntilMs: NOW_MS }, grows: false },
    { name: 'longer ago', rest: { subnetBackoffUntilMs: NOW_MS - 1 }, grows: true },
    { name: 'never', rest: {}, grows: true },
  ])('row 107, subnet exhausted $name: growth $grows', ({ rest, grows }) => {
    expect(planned(stateOf(empty, rest)).actions.length > 0).toBe(grows);
  });

  test('a daemon that ends still gives addresses back, but no ENI (trap 11)', () => {
    const enis = [eni({ id: 1, free: 3 }), eni({ id: 2 })];
    const { actions } = planned(stateOf(enis, { isTerminating: true }), targetsOf(1, 1));
    expect(actions.map(({ kind }) => kind)).toEqual(['unassign-addresses']);
  });

  test('an action under way: the loop of the reference is one after the other', () => {
    const inFlight = [{ kind: 'create-eni', addressCount: 9 } as const];
    expect(planned(stateOf(empty, { inFlight })).actions).toEqual([]);
  });
});

// Reference, §5.2 and §6.6.
describe('a network card above 0', () => {
  const onCard0 = eni({ id: 1, free: 9 });
  test('managed and empty gets an ENI with one address', () => {
    expect(planned(stateOf([onCard0], { managedCardIndexes: [0, 2] })).actions).toEqual([
      { kind: 'create-eni', addressCount: 1, networkCardIndex: 2, reason: 'below-warm-ips' },
    ]);
  });

  test('with nothing but unmanaged ENIs is left alone', () => {
    const foreign = { ...noManage, networkCardIndex: 2 };
    const { actions, figures } = planned(stateOf([onCard0, foreign]));
    expect([actions, figures.length]).toEqual([[], 1]);
  });
});

test('targets that are no usable number count as not set, impossible limits are an error', () => {
  const state = stateOf([eni({ id: 1 })]);
  const junk = { ...targetsOf(-1, Number.NaN, -5), maxEnis: 0 };
  expect(planUpstream(state, junk, limitsOf(9), NOW_MS)).toEqual(
    planUpstream(state, targetsOf(1), limitsOf(9), NOW_MS),
  );
  expect(() => planUpstream(state, junk, { maxEnis: -1, addressesPerEni: 9 }, NOW_MS)).toThrow(
    expect.objectContaining({ code: 'invalid-limits' }),
  );
});

// Reference, §5.7: which ENIs are grown, and by how many prefixes.
test.each(['trunk', 'excluded'] as const)('an ENI that is %s is not grown', (kind) => {
  const state = stateOf([eni({ id: 1, reserved: 9 }), eni({ id: 2, rest: { kind } })]);
  const { actions } = planUpstream(state, targetsOf(1, 2), limitsOf(9, 3), NOW_MS);
  expect(actions[0]).toMatchObject({ kind: 'create-eni', addressCount: 2 });
});

test('WARM_PREFIX_TARGET asks for the prefixes that are not wholly free yet', () => {
  const state = stateOf([eni({ id: 1, prefixPods: [0, 3] })]);
  const { actions } = planUpstream(state, prefixTargets(3), limitsOf(9), NOW_MS);
  expect(actions).toMatchObject([{ kind: 'assign-prefixes', prefixCount: 2 }]);
});

test.each([
  { targets: targetsOf(1), reason: 'below-warm-enis' },
  { targets: prefixTargets(1), reason: 'below-warm-prefixes' },
  { targets: targetsOf(1, 2, 2), reason: 'below-warm-ips' },
  { targets: targetsOf(1, 1, 6), reason: 'below-minimum' },
])('growth is $reason', ({ targets, reason }) => {
  const state = stateOf([eni({ id: 1, reserved: 3, free: 1 })]);
  const { actions } = planUpstream(state, targets, limitsOf(9), NOW_MS);
  expect(actions).toMatchObject([{ reason }]);
});

test('nothing is planned while an action is under way, and nothing to be remembered', () => {
  const state = stateOf([eni({ id: 1, free: 5 })], {
    inFlight: [{ kind: 'create-eni', addressCount: 1 }],
  });
  const made = planUpstream(state, targetsOf(1, 1), limitsOf(9), NOW_MS);
  expect(made).toMatchObject({ actions: [], hasDecreased: false, hasMetFullSubnet: false });
});

test('WARM_PREFIX_TARGET that is not set is 0: one free address is enough', () => {
  const state = stateOf([eni({ id: 1, prefixPods: [15] })]);
  const targets: WarmTargets = { ...targetsOf(1), assignmentMode: 'prefix' };
  expect(planUpstream(state, targets, limitsOf(9), NOW_MS).actions).toEqual([]);
});
