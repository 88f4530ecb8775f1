import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eni, NOW_MS } from '../decisions.fixture.ts';
import type { MaxPodsLimits } from '../max-pods.ts';
import type { PoolEni } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { planUpstream, type UpstreamPlan, type UpstreamState } from './plan-upstream.ts';
import { SimulatedUpstreamNode } from './simulated-upstream-node.ts';

const anyLimits: fc.Arbitrary<MaxPodsLimits> = fc.record({
  maxEnis: fc.integer({ min: 1, max: 6 }),
  addressesPerEni: fc.integer({ min: 1, max: 8 }),
});

const anyTargets: fc.Arbitrary<WarmTargets> = fc.record({
  warmEniTarget: fc.nat({ max: 3 }),
  warmIpTarget: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
  minimumIpTarget: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
  warmPrefixTarget: fc.nat({ max: 3 }),
  assignmentMode: fc.constantFrom('address', 'prefix'),
  customNetworking: fc.boolean(),
  securityGroupsForPods: fc.boolean(),
});

/** No more CIDRs than an ENI has slots. */
const anyEni = (id: number, slots: number): fc.Arbitrary<PoolEni> =>
  fc
    .record({
      singles: fc.array(fc.constantFrom('free', 'reserved', 'cooling'), { maxLength: slots }),
      prefixPods: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 16 })), { maxLength: slots }),
      kind: fc.constantFrom('secondary', 'secondary', 'excluded', 'trunk', 'efa', 'unmanaged'),
      networkCardIndex: fc.constantFrom(0, 0, 0, 2),
      ageMs: fc.nat({ max: 120_000 }),
    })
    .map(({ singles, prefixPods, kind, networkCardIndex, ageMs }) => {
      const count = (wanted: string) => singles.filter((state) => state === wanted).length;
      const attachedAtMs = NOW_MS - ageMs;
      return eni({
        id,
        free: count('free'),
        reserved: count('reserved'),
        cooling: count('cooling'),
        prefixPods: prefixPods.slice(0, slots - singles.length),
        rest: id === 1 ? { attachedAtMs } : { attachedAtMs, kind, networkCardIndex },
      });
    });

const anySituation = anyLimits.chain((limits) =>
  fc.integer({ min: 1, max: limits.maxEnis }).chain((count) =>
    fc.record({
      limits: fc.constant(limits),
      targets: anyTargets,
      state: fc.record(
        {
          enis: fc.tuple(
            ...Array.from({ length: count }, (_, index) =>
              anyEni(index + 1, limits.addressesPerEni - 1),
            ),
          ),
          waitingCount: fc.nat({ max: 5 }),
          inFlight: fc.constant([]),
          maxPods: fc.nat({ max: 200 }),
          isSchedulable: fc.boolean(),
          isTerminating: fc.constantFrom(false, false, true),
          lastDecreasedAtMs: fc.integer({ min: NOW_MS - 40_000, max: NOW_MS }),
        },
        { requiredKeys: ['enis', 'waitingCount', 'inFlight', 'maxPods'] },
      ) satisfies fc.Arbitrary<UpstreamState>,
    }),
  ),
);

const RUNS = { numRuns: 10_000 };

function checkLimits(made: UpstreamPlan, state: UpstreamState, limits: MaxPodsLimits): void {
  const slots = limits.addressesPerEni - 1;
  for (const action of made.actions) {
    if (action.kind === 'create-eni' || action.kind === 'create-eni-with-prefixes') {
      const count = action.kind === 'create-eni' ? action.addressCount : action.prefixCount;
      const { networkCardIndex: wanted } = action;
      const there = state.enis.filter(({ networkCardIndex = 0 }) => networkCardIndex === wanted);
      if (count < 1 || count > slots || there.length >= limits.maxEnis) {
        throw new Error(`beyond the limits: ${JSON.stringify(action)}`);
      }
    } else if (action.kind === 'assign-addresses' || action.kind === 'assign-prefixes') {
      const count = action.kind === 'assign-addresses' ? action.count : action.prefixCount;
      const found = state.enis.find(({ eniId }) => eniId === action.eniId);
      const held = (found?.totalCount ?? slots) + (found?.prefixes?.length ?? 0);
      if (count < 1 || held + count > slots) {
        throw new Error(`beyond the limits: ${JSON.stringify(action)}`);
      }
    }
  }
}

test('no cycle exceeds the ENIs of a card or the slots of an ENI', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      checkLimits(planUpstream(state, targets, limits, NOW_MS), state, limits);
    }),
    RUNS,
  );
});

test('nothing reserved goes back, and no ENI that is young, primary, cooling or in use', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      for (const action of planUpstream(state, targets, limits, NOW_MS).actions) {
        const found = state.enis.find((one) => 'eniId' in action && one.eniId === action.eniId);
        if (action.kind === 'unassign-prefixes') {
          const pods = (found?.prefixes ?? []).filter(({ prefix }) =>
            action.prefixes.includes(prefix),
          );
          expect(pods.every(({ reservedCount }) => reservedCount === 0)).toBe(true);
        }
        if (action.kind === 'delete-eni') {
          expect(found).toMatchObject({ isPrimary: false, reservedCount: 0 });
          expect(['secondary', 'excluded']).toContain(found?.kind);
          expect(NOW_MS - (found?.attachedAtMs ?? NOW_MS)).toBeGreaterThanOrEqual(60_000);
        }
      }
    }),
    RUNS,
  );
});

test('one ENI at most grows and one goes, per card and cycle', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const { actions, figures } = planUpstream(state, targets, limits, NOW_MS);
      const growth = /^(create|assign)/;
      const grown = actions.filter(({ kind }) => growth.test(kind)).length;
      const gone = actions.filter(({ kind }) => kind === 'delete-eni').length;
      expect(Math.max(grown, gone)).toBeLessThanOrEqual(figures.length);
    }),
    RUNS,
  );
});

test('the order in which ENIs are listed makes no difference', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const reversed = { ...state, enis: [...state.enis].reverse() };
      const { actions } = planUpstream(state, targets, limits, NOW_MS);
      expect(planUpstream(reversed, targets, limits, NOW_MS).actions).toEqual(actions);
    }),
    RUNS,
  );
});

const added = ({ actions }: UpstreamPlan): number =>
  actions.reduce((sum, action) => {
    switch (action.kind) {
      case 'create-eni':
        return sum + action.addressCount;
      case 'assign-addresses':
        return sum + action.count;
      case 'create-eni-with-prefixes':
      case 'assign-prefixes':
        return sum + action.prefixCount;
      default:
        return sum;
    }
  }, 0);

const anyMore = fc.record({
  warmEniTarget: fc.nat({ max: 2 }),
  warmIpTarget: fc.nat({ max: 20 }),
  minimumIpTarget: fc.nat({ max: 20 }),
  warmPrefixTarget: fc.nat({ max: 2 }),
});

test('higher targets never ask for less', () => {
  fc.assert(
    fc.property(anySituation, anyMore, ({ state, targets, limits }, more) => {
      // The first address target replaces the others, which may have asked for more.
      const moreIps = targets.warmIpTarget + targets.minimumIpTarget > 0 ? 1 : 0;
      const higher: WarmTargets = {
        ...targets,
        warmEniTarget: targets.warmEniTarget + more.warmEniTarget,
        warmPrefixTarget: (targets.warmPrefixTarget ?? 0) + more.warmPrefixTarget,
        warmIpTarget: targets.warmIpTarget + more.warmIpTarget * moreIps,
        minimumIpTarget: targets.minimumIpTarget + more.minimumIpTarget * moreIps,
      };
      const fewer = planUpstream(state, targets, limits, NOW_MS);
      const greater = planUpstream(state, higher, limits, NOW_MS);
      expect(added(greater)).toBeGreaterThanOrEqual(added(fewer));
    }),
    RUNS,
  );
});

/** Those that do not oscillate by themselves (reference, rows 108 and 109). */
const anySteadyTargets = anyTargets.filter(
  ({ warmEniTarget, warmPrefixTarget = 0, warmIpTarget, minimumIpTarget, assignmentMode }) =>
    warmIpTarget + minimumIpTarget > 0 ||
    (assignmentMode === 'prefix' ? warmPrefixTarget > 0 : warmEniTarget > 0),
);

const anyNode = fc.record({
  limits: anyLimits,
  targets: anySteadyTargets,
  maxPods: fc.nat({ max: 200 }),
  pods: fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
});

test('left alone, a node comes to rest', () => {
  fc.assert(
    fc.property(anyNode, ({ limits, targets, maxPods, pods }) => {
      const node = new SimulatedUpstreamNode(targets, limits, maxPods);
      for (const count of pods) {
        node.startPods(count);
        node.cycle();
      }
      // An ENI is young for 12 cycles, and one goes at a time, 6 cycles after the last.
      node.cycles(60);
      expect(node.cycle().actions).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});
