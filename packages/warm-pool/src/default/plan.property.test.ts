import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Action } from '../action.ts';
import type { InstanceLimits } from '../max-pods.ts';
import type { InFlightAction, PoolEni, PoolState } from '../pool-state.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { plan } from './plan.ts';
import { SimulatedNode } from './simulated-node.ts';

const NOW_MS = 1_700_000_000_000;

const anyLimits: fc.Arbitrary<InstanceLimits> = fc.record({
  maxEnis: fc.integer({ min: 1, max: 8 }),
  addressesPerEni: fc.integer({ min: 1, max: 12 }),
});

const anyTargets: fc.Arbitrary<WarmTargets> = fc.record(
  {
    warmEniTarget: fc.nat({ max: 3 }),
    warmIpTarget: fc.nat({ max: 20 }),
    minimumIpTarget: fc.nat({ max: 30 }),
    maxEnis: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['warmEniTarget', 'warmIpTarget', 'minimumIpTarget'] },
);

const someTargets = fc.oneof(
  anyTargets,
  anyTargets.map((targets) => ({ ...targets, warmIpTarget: 0, minimumIpTarget: 0 })),
);

const states = ['free', 'reserved', 'cooling', 'draining'] as const;

const anyEni = (number: number, { addressesPerEni }: InstanceLimits): fc.Arbitrary<PoolEni> =>
  fc
    .record({
      addresses: fc.array(fc.constantFrom(...states), { maxLength: addressesPerEni - 1 }),
      ageMs: fc.nat({ max: 120_000 }),
    })
    .map(({ addresses, ageMs }) => {
      const count = (wanted: string) => addresses.filter((state) => state === wanted).length;
      return {
        eniId: `eni-${number}`,
        isPrimary: number === 0,
        totalCount: addresses.length,
        reservedCount: count('reserved'),
        coolingCount: count('cooling'),
        drainingCount: count('draining'),
        attachedAtMs: NOW_MS - ageMs,
        freeAddresses: addresses.flatMap((state, index) =>
          state === 'free' ? [`10.0.${number}.${index}`] : [],
        ),
      };
    });

/** At most one action per ENI, none that would break a limit, and slots left for what is coming. */
function anyInFlight(
  enis: readonly PoolEni[],
  limits: InstanceLimits,
): fc.Arbitrary<readonly InFlightAction[]> {
  const perEni = enis.map((eni): fc.Arbitrary<readonly InFlightAction[]> => {
    const { eniId } = eni;
    const room = limits.addressesPerEni - 1 - eni.totalCount;
    return fc.constantFrom<readonly InFlightAction[]>(
      [],
      [],
      room > 0 ? [{ kind: 'assign-addresses', eniId, count: room }] : [],
      [{ kind: 'unassign-addresses', eniId, addresses: [] }],
      eni.isPrimary || eni.reservedCount + eni.coolingCount > 0
        ? []
        : [{ kind: 'delete-eni', eniId }],
    );
  });
  const creations = fc.array(
    fc
      .integer({ min: 1, max: Math.max(1, limits.addressesPerEni - 1) })
      .map((addressCount): InFlightAction => ({ kind: 'create-eni', addressCount })),
    { maxLength: limits.addressesPerEni > 1 ? limits.maxEnis - enis.length : 0 },
  );
  return fc
    .tuple(fc.tuple(...perEni), creations)
    .map(([named, created]) => [...named.flat(), ...created]);
}

const anyState = (limits: InstanceLimits): fc.Arbitrary<PoolState> =>
  fc
    .integer({ min: 1, max: limits.maxEnis })
    .chain((count) =>
      fc.tuple(...Array.from({ length: count }, (_, number) => anyEni(number, limits))),
    )
    .chain((enis) =>
      fc.record(
        {
          enis: fc.constant(enis),
          waitingCount: fc.nat({ max: 30 }),
          inFlight: anyInFlight(enis, limits),
          maxPods: fc.nat({ max: 100 }),
          subnetBackoffUntilMs: fc.integer({ min: NOW_MS - 5, max: NOW_MS + 5 }),
          throttledUntilMs: fc.integer({ min: NOW_MS - 5, max: NOW_MS + 5 }),
          nextCooledAtMs: fc.integer({ min: NOW_MS, max: NOW_MS + 5 }),
          lastReleasedAtMs: fc.integer({ min: NOW_MS - 150_000, max: NOW_MS }),
        },
        { requiredKeys: ['enis', 'waitingCount', 'inFlight', 'maxPods'] },
      ),
    );

const anySituation = anyLimits.chain((limits) =>
  fc.record({ limits: fc.constant(limits), targets: someTargets, state: anyState(limits) }),
);

const added = (actions: readonly Action[]): number =>
  actions.reduce((total, action) => {
    if (action.kind === 'create-eni') return total + action.addressCount;
    return action.kind === 'assign-addresses' ? total + action.count : total;
  }, 0);

const eniIdsOf = (actions: readonly InFlightAction[] | readonly Action[]): readonly string[] =>
  actions.flatMap((action) => ('eniId' in action ? [action.eniId] : []));

const RUNS = { numRuns: 1_000 };

test('no plan exceeds the ENIs of the instance or the addresses of an ENI', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const { actions } = plan(state, targets, limits, NOW_MS);
      const isCreation = ({ kind }: { readonly kind: string }) => kind === 'create-eni';
      const enis =
        state.enis.length +
        state.inFlight.filter(isCreation).length +
        actions.filter(isCreation).length;
      if (actions.some(isCreation)) {
        expect(enis).toBeLessThanOrEqual(Math.min(limits.maxEnis, targets.maxEnis ?? enis));
      }
      for (const action of actions) {
        const slots = limits.addressesPerEni - 1;
        if (action.kind === 'create-eni') {
          expect(action.addressCount).toBeGreaterThan(0);
          expect(action.addressCount).toBeLessThanOrEqual(slots);
        }
        if (action.kind === 'assign-addresses') {
          const eni = state.enis.find(({ eniId }) => eniId === action.eniId);
          expect(action.count).toBeGreaterThan(0);
          expect((eni?.totalCount ?? slots) + action.count).toBeLessThanOrEqual(slots);
        }
      }
    }),
    RUNS,
  );
});

test('no plan makes the node hold more than max-pods plus what is cooling and draining', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const { actions, figures } = plan(state, targets, limits, NOW_MS);
      const grown = added(actions);
      if (grown > 0) {
        expect(
          figures.reservedCount + figures.freeCount + figures.comingCount + grown,
        ).toBeLessThanOrEqual(state.maxPods);
      }
    }),
    RUNS,
  );
});

test('nothing reserved or cooling is given back, and no ENI that is young, primary or in use', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      for (const action of plan(state, targets, limits, NOW_MS).actions) {
        const eni = state.enis.find((one) => 'eniId' in action && one.eniId === action.eniId);
        if (action.kind === 'unassign-addresses') {
          expect(action.addresses.length).toBeGreaterThan(0);
          expect(eni?.freeAddresses.slice(0, action.addresses.length)).toEqual(action.addresses);
        }
        if (action.kind === 'delete-eni') {
          expect(eni).toMatchObject({ isPrimary: false, reservedCount: 0, coolingCount: 0 });
          expect(NOW_MS - (eni?.attachedAtMs ?? NOW_MS)).toBeGreaterThanOrEqual(60_000);
        }
      }
    }),
    RUNS,
  );
});

test('an ENI has one action at a time', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const ids = [
        ...eniIdsOf(state.inFlight),
        ...eniIdsOf(plan(state, targets, limits, NOW_MS).actions),
      ];
      expect(new Set(ids).size).toBe(ids.length);
    }),
    RUNS,
  );
});

test('more waiting pods never get fewer addresses', () => {
  fc.assert(
    fc.property(anySituation, fc.nat({ max: 20 }), ({ state, targets, limits }, more) => {
      const fewer = plan(state, targets, limits, NOW_MS).actions;
      const waitingCount = state.waitingCount + more;
      const greater = plan({ ...state, waitingCount }, targets, limits, NOW_MS).actions;
      expect(added(greater)).toBeGreaterThanOrEqual(added(fewer));
    }),
    RUNS,
  );
});

test('the order in which ENIs are listed makes no difference', () => {
  fc.assert(
    fc.property(anySituation, ({ state, targets, limits }) => {
      const reversed = { ...state, enis: [...state.enis].reverse() };
      expect(plan(reversed, targets, limits, NOW_MS)).toEqual(plan(state, targets, limits, NOW_MS));
    }),
    RUNS,
  );
});

const anyNode = fc
  .record({ limits: anyLimits, targets: someTargets, latencyMs: fc.nat({ max: 3_000 }) })
  .chain(({ limits, targets, latencyMs }) =>
    fc.record({
      limits: fc.constant(limits),
      targets: fc.constant(targets),
      latencyMs: fc.constant(latencyMs),
      maxPods: fc.integer({ min: 1, max: 60 }),
    }),
  );

const anyLife = fc.array(
  fc.record({ pods: fc.integer({ min: -12, max: 12 }), ms: fc.nat({ max: 90_000 }) }),
  { maxLength: 12 },
);

// A floor beyond max-pods was wanted when growing and not when giving back: the pool breathed.
const FLOOR_ABOVE_MAX_PODS = {
  limits: { maxEnis: 4, addressesPerEni: 9 },
  targets: { warmEniTarget: 0, warmIpTarget: 6, minimumIpTarget: 29 },
  latencyMs: 909,
  maxPods: 8,
};
const ONE_SHORT_POD = [
  { pods: 1, ms: 909 },
  { pods: -1, ms: 0 },
];

test('left alone, a node comes to rest, and grows no more once it has begun to give back', () => {
  fc.assert(
    fc.property(anyNode, anyLife, (options, life) => {
      const node = new SimulatedNode(options);
      for (const { pods, ms } of life) {
        if (pods > 0) node.startPods(pods);
        else node.stopPods(-pods);
        node.step(); // throws when something reserved or cooling is given back
        node.pass(ms);
      }
      const before = node.history.length;
      node.settle();

      const kinds = node.history.slice(before).map(({ kind }) => kind);
      const isGrowth = (kind: string) => kind === 'create-eni' || kind === 'assign-addresses';
      const firstReturn = kinds.findIndex((kind) => !isGrowth(kind));
      expect(firstReturn === -1 ? [] : kinds.slice(firstReturn).filter(isGrowth)).toEqual([]);

      node.pass(3_600_000);
      expect(node.step().actions).toEqual([]);
      for (const count of node.addressesPerEni) {
        expect(count).toBeLessThan(Math.max(1, options.limits.addressesPerEni));
      }
      expect(node.addressesPerEni.length).toBeLessThanOrEqual(options.limits.maxEnis);
    }),
    { numRuns: 2_000, examples: [[FLOOR_ABOVE_MAX_PODS, ONE_SHORT_POD]] },
  );
});
