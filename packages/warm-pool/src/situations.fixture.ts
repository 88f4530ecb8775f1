import fc from 'fast-check';
import { NOW_MS } from './decisions.fixture.ts';
import type { InstanceLimits } from './max-pods.ts';
import type { InFlightAction, PoolEni, PoolPrefix, PoolState, SubnetHint } from './pool-state.ts';
import type { WarmTargets } from './warm-targets.ts';

/** Arbitrary situations for the property tests of both strategies. */
export interface AnySituation {
  readonly limits: InstanceLimits;
  readonly targets: WarmTargets;
  readonly state: PoolState;
}

export const anyLimits: fc.Arbitrary<InstanceLimits> = fc.record({
  maxEnis: fc.integer({ min: 1, max: 6 }),
  addressesPerEni: fc.integer({ min: 1, max: 9 }),
});

/** Without the options that close ENIs or cards to pods. */
export const anyWarmTargets: fc.Arbitrary<WarmTargets> = fc
  .record({
    warmEniTarget: fc.nat({ max: 3 }),
    addressTargets: fc.oneof(
      fc.constant([0, 0] as const),
      fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 60 })),
    ),
    warmPrefixTarget: fc.nat({ max: 3 }),
    assignmentMode: fc.constantFrom('address', 'prefix'),
    maxEnis: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 7 })),
  })
  .map(({ addressTargets: [warmIpTarget, minimumIpTarget], maxEnis, ...rest }) => ({
    ...rest,
    warmIpTarget,
    minimumIpTarget,
    ...(maxEnis > 0 ? { maxEnis } : {}),
  }));

const anyTargets: fc.Arbitrary<WarmTargets> = fc
  .tuple(
    anyWarmTargets,
    fc.record({ customNetworking: fc.boolean(), securityGroupsForPods: fc.boolean() }),
  )
  .map(([targets, options]) => ({ ...targets, ...options }));

const SUBNETS = ['subnet-a', 'subnet-b'] as const;

const anyPrefix = fc.oneof(
  fc.constant({ reservedCount: 0, coolingCount: 0, isDraining: false }),
  fc.record({
    reservedCount: fc.nat({ max: 12 }),
    coolingCount: fc.nat({ max: 4 }),
    isDraining: fc.constant(false),
  }),
  fc.constant({ reservedCount: 0, coolingCount: 0, isDraining: true }),
);

/** No more addresses and prefixes than an ENI has slots. */
const anyEni = (number: number, slots: number): fc.Arbitrary<PoolEni> =>
  fc
    .record({
      singles: fc.array(fc.constantFrom('free', 'free', 'reserved', 'cooling', 'draining'), {
        maxLength: slots,
      }),
      prefixes: fc.array(anyPrefix, { maxLength: slots }),
      kind: fc.constantFrom(
        'secondary' as const,
        'secondary' as const,
        'excluded' as const,
        'trunk' as const,
        'efa' as const,
        'unmanaged' as const,
      ),
      isPlain: fc.boolean(),
      networkCardIndex: fc.constantFrom(0, 0, 0, 2),
      subnetId: fc.constantFrom(undefined, ...SUBNETS),
      ageMs: fc.nat({ max: 120_000 }),
    })
    .map(({ singles, prefixes, kind, isPlain, networkCardIndex, subnetId, ageMs }) => {
      const count = (wanted: string) => singles.filter((state) => state === wanted).length;
      const isPrimary = number === 0;
      return {
        eniId: `eni-${number}`,
        isPrimary,
        ...(isPrimary || isPlain ? {} : { kind, networkCardIndex }),
        ...(subnetId === undefined ? {} : { subnetId }),
        totalCount: singles.length,
        reservedCount: count('reserved'),
        coolingCount: count('cooling'),
        drainingCount: count('draining'),
        attachedAtMs: NOW_MS - ageMs,
        freeAddresses: Array.from({ length: count('free') }, (_, at) => `10.0.${number}.${at}`),
        coolingAddresses: Array.from(
          { length: count('cooling') },
          (_, at) => `10.1.${number}.${at}`,
        ),
        prefixes: prefixes
          .slice(0, slots - singles.length)
          .map((prefix, at): PoolPrefix => ({ prefix: `10.2.${number}.${at * 16}/28`, ...prefix })),
      };
    });

/** At most one action per ENI, none that would break a limit, and slots left for what is coming. */
function anyInFlight(
  enis: readonly PoolEni[],
  limits: InstanceLimits,
): fc.Arbitrary<readonly InFlightAction[]> {
  const slots = limits.addressesPerEni - 1;
  const perEni = enis.map((eni): fc.Arbitrary<readonly InFlightAction[]> => {
    const { eniId, prefixes = [] } = eni;
    const room = slots - eni.totalCount - prefixes.length;
    const pods =
      eni.reservedCount +
      eni.coolingCount +
      prefixes.reduce((sum, one) => sum + one.reservedCount + one.coolingCount, 0);
    const empty = prefixes.filter((one) => one.reservedCount + one.coolingCount === 0);
    return fc.constantFrom<readonly InFlightAction[]>(
      [],
      [],
      [],
      room > 0 ? [{ kind: 'assign-addresses', eniId, count: room }] : [],
      room > 0 ? [{ kind: 'assign-prefixes', eniId, prefixCount: room }] : [],
      [{ kind: 'unassign-addresses', eniId, addresses: [] }],
      [{ kind: 'unassign-prefixes', eniId, prefixes: empty.map(({ prefix }) => prefix) }],
      eni.isPrimary || pods > 0 ? [] : [{ kind: 'delete-eni', eniId }],
    );
  });
  const creations = fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: Math.max(1, slots) }), fc.boolean())
      .map(
        ([count, isPrefix]): InFlightAction =>
          isPrefix
            ? { kind: 'create-eni-with-prefixes', prefixCount: count, networkCardIndex: 0 }
            : { kind: 'create-eni', addressCount: count },
      ),
    { maxLength: slots > 0 ? Math.min(2, Math.max(0, limits.maxEnis - enis.length)) : 0 },
  );
  return fc.oneof(
    fc.constant([]),
    fc
      .tuple(fc.tuple(...perEni), creations)
      .map(([named, created]) => [...named.flat(), ...created]),
  );
}

const anyHint = (subnetId: string): fc.Arbitrary<SubnetHint> =>
  fc.record(
    {
      subnetId: fc.constant(subnetId),
      freeCount: fc.oneof(fc.nat({ max: 40 }), fc.constant(1_000)),
      isFragmented: fc.boolean(),
      backoffUntilMs: fc.integer({ min: NOW_MS - 5, max: NOW_MS + 5 }),
      acceptsNewEnis: fc.boolean(),
    },
    { requiredKeys: ['subnetId'] },
  );

const anyEnis = (limits: InstanceLimits): fc.Arbitrary<readonly PoolEni[]> =>
  fc
    .integer({ min: 1, max: limits.maxEnis })
    .chain((count) =>
      fc.tuple(
        ...Array.from({ length: count }, (_, number) => anyEni(number, limits.addressesPerEni - 1)),
      ),
    );

const anyState = (limits: InstanceLimits): fc.Arbitrary<PoolState> =>
  anyEnis(limits).chain((enis) =>
    fc.record(
      {
        enis: fc.constant(enis),
        waitingCount: fc.oneof(fc.constant(0), fc.nat({ max: 30 })),
        inFlight: anyInFlight(enis, limits),
        maxPods: fc.oneof(fc.nat({ max: 100 }), fc.constant(500)),
        subnets: fc.tuple(anyHint('subnet-a'), anyHint('subnet-b')),
        nextCooledAtMs: fc.integer({ min: NOW_MS, max: NOW_MS + 5 }),
        lastReservedAtMs: fc.integer({ min: NOW_MS - 10_000, max: NOW_MS }),
        lastReleasedAtMs: fc.integer({ min: NOW_MS - 150_000, max: NOW_MS }),
        subnetBackoffUntilMs: fc.constantFrom(NOW_MS - 1, NOW_MS + 1),
        throttledUntilMs: fc.constantFrom(NOW_MS - 1, NOW_MS - 1, NOW_MS, NOW_MS + 1),
        isSchedulable: fc.constantFrom(true, true, true, false),
      },
      { requiredKeys: ['enis', 'waitingCount', 'inFlight', 'maxPods'] },
    ),
  );

/** Any node at any moment. */
export const anySituation: fc.Arbitrary<AnySituation> = anyLimits.chain((limits) =>
  fc.record({ limits: fc.constant(limits), targets: anyTargets, state: anyState(limits) }),
);

/** The same with nothing under way, nothing cooling or draining, and nothing that holds EC2 off. */
export const anyCalmSituation: fc.Arbitrary<AnySituation> = anySituation.map(
  ({ limits, targets, state }) => {
    const { enis, waitingCount, maxPods, subnets = [] } = state;
    return {
      limits,
      targets,
      state: {
        enis: enis.map(calm),
        waitingCount,
        maxPods,
        inFlight: [],
        ...(subnets.length > 0 ? { subnets } : {}),
      },
    };
  },
);

const calm = (eni: PoolEni): PoolEni => ({
  ...eni,
  totalCount: eni.reservedCount + eni.freeAddresses.length,
  coolingCount: 0,
  drainingCount: 0,
  coolingAddresses: [],
  prefixes: (eni.prefixes ?? []).map(({ prefix, reservedCount }) => ({
    prefix,
    reservedCount,
    coolingCount: 0,
  })),
});
