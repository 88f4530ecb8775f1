import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Action, Work } from '../action.ts';
import { NOW_MS } from '../decisions.fixture.ts';
import type { InFlightAction, PoolEni, PoolState } from '../pool-state.ts';
import { type AnySituation, anyCalmSituation, anySituation } from '../situations.fixture.ts';
import { hasIpTargets, type WarmTargets } from '../warm-targets.ts';
import { after } from './after.fixture.ts';
import { addressesBroughtBy, slotsTakenBy } from './in-flight.ts';
import { type Plan, plan } from './plan.ts';

// With the properties of the other strategy and the simulated lives, over 100,000 cases in a run.
const RUNS = { numRuns: 5_000 };

/** A property of every plan; `check` throws where it does not hold. */
const always = (name: string, check: (made: Plan, situation: AnySituation) => void) =>
  test(name, () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { state, targets, limits } = situation;
        check(plan(state, targets, limits, NOW_MS), situation);
      }),
      RUNS,
    );
  });

/** What `expect` does, cheap enough to be asked a million times. */
function must(condition: boolean, what: unknown): void {
  if (!condition) {
    throw new Error(JSON.stringify(what));
  }
}

const work = (actions: readonly Action[]): readonly Work[] =>
  actions.filter((action) => action.kind !== 'wait');

const isCreation = ({ kind }: { readonly kind: string }) => kind.startsWith('create-eni');
const growthOf = ({ actions }: Plan) =>
  work(actions).filter(({ kind }) => /^(create|assign)/.test(kind));

const added = (actions: readonly InFlightAction[]): number =>
  actions.reduce((sum, action) => sum + addressesBroughtBy(action, 16), 0);

const eniOf = (action: InFlightAction, { enis }: PoolState): PoolEni | undefined =>
  'eniId' in action ? enis.find(({ eniId }) => eniId === action.eniId) : undefined;

const cardOf = (action: InFlightAction, state: PoolState): number =>
  ('eniId' in action ? eniOf(action, state)?.networkCardIndex : action.networkCardIndex) ?? 0;

const subnetOf = (action: InFlightAction, state: PoolState): string | undefined =>
  'eniId' in action ? eniOf(action, state)?.subnetId : action.subnetId;

always('no plan exceeds the ENIs of a card', (made, { state, limits, targets }) => {
  for (const { networkCardIndex } of made.cards) {
    const created = growthOf(made).filter(isCreation);
    const there = [...state.inFlight.filter(isCreation), ...created].filter(
      (action) => cardOf(action, state) === networkCardIndex,
    );
    const enis = state.enis.filter((eni) => (eni.networkCardIndex ?? 0) === networkCardIndex);
    const limit = Math.min(limits.maxEnis, targets.maxEnis ?? limits.maxEnis);
    const isNew = created.some((action) => cardOf(action, state) === networkCardIndex);
    must(!isNew || enis.length + there.length <= limit, created);
  }
});

always(
  'no plan exceeds the slots of an ENI, and none asks for nothing',
  (made, { state, limits }) => {
    for (const action of growthOf(made)) {
      const { totalCount = 0, prefixes = [] } = eniOf(action, state) ?? {};
      const taken = slotsTakenBy(action);
      must(taken > 0 && totalCount + prefixes.length + taken < limits.addressesPerEni, action);
    }
  },
);

always('no plan asks a subnet for more than it has, or for what it has not', (made, { state }) => {
  for (const hint of state.subnets ?? []) {
    const { subnetId, freeCount = Number.POSITIVE_INFINITY, backoffUntilMs = 0 } = hint;
    const inSubnet = (action: InFlightAction) => subnetOf(action, state) === subnetId;
    const asked = growthOf(made).filter(inSubnet);
    const all = [...asked, ...state.inFlight.filter(inSubnet)];
    const taken = added(all) + all.filter(isCreation).length;
    must(asked.length === 0 || (taken <= freeCount && backoffUntilMs <= NOW_MS), asked);
    must(!hint.isFragmented || asked.every(({ kind }) => !kind.endsWith('prefixes')), asked);
    must(hint.acceptsNewEnis !== false || !asked.some(isCreation), asked);
  }
});

always('only ENIs that may serve new pods grow', (made, { state, targets }) => {
  for (const action of growthOf(made)) {
    const { kind = 'secondary', isPrimary = false } = eniOf(action, state) ?? {};
    must(kind === 'secondary' || kind === 'efa', action);
    must(!(isPrimary && targets.customNetworking === true), action);
  }
});

always('no card gets more than max-pods, rounded up to the prefix', (made, { state }) => {
  for (const figures of made.cards) {
    const { networkCardIndex, assignmentMode, reservedCount, leftoverCount } = figures;
    const grown = added(
      growthOf(made).filter((action) => cardOf(action, state) === networkCardIndex),
    );
    const had = figures.freeCount + figures.comingCount - leftoverCount;
    const most = state.maxPods + (assignmentMode === 'prefix' ? 15 : 0);
    must(grown === 0 || reservedCount + had + grown <= most, { grown, figures });
  }
});

always('nothing reserved, cooling or draining is given back', (made, { state }) => {
  for (const action of made.actions) {
    if (action.kind === 'unassign-addresses') {
      const { freeAddresses = [] } = eniOf(action, state) ?? {};
      const { addresses } = action;
      must(addresses.length > 0, action);
      expect(addresses).toEqual(freeAddresses.slice(0, addresses.length));
    } else if (action.kind === 'unassign-prefixes') {
      const { prefixes = [] } = eniOf(action, state) ?? {};
      const idle = prefixes
        .filter((one) => one.reservedCount + one.coolingCount === 0 && one.isDraining !== true)
        .map(({ prefix }) => prefix);
      must(action.prefixes.length > 0, action);
      must(
        action.prefixes.every((prefix) => idle.includes(prefix)),
        action,
      );
    }
  }
});

always('no ENI is deleted that is primary, young, in use or not ours', (made, { state }) => {
  for (const action of made.actions) {
    if (action.kind === 'delete-eni') {
      const eni = eniOf(action, state);
      const used = [eni, ...(eni?.prefixes ?? [])].map(
        (one) => (one?.reservedCount ?? 0) + (one?.coolingCount ?? 0),
      );
      must(eni !== undefined && !eni.isPrimary && Math.max(...used) === 0, action);
      must(['secondary', 'excluded'].includes(eni?.kind ?? 'secondary'), action);
      must(NOW_MS - (eni?.attachedAtMs ?? NOW_MS) >= 60_000, action);
    }
  }
});

always('an ENI has one action at a time, and an unmanaged one none', (made, { state }) => {
  const named = (actions: readonly (Action | InFlightAction)[]) =>
    actions.flatMap((action) => ('eniId' in action ? [action.eniId] : []));
  const ids = [...named(state.inFlight), ...named(made.actions)];
  must(new Set(ids).size === ids.length, ids);
  const unmanaged = state.enis.filter(({ kind }) => kind === 'unmanaged');
  must(!unmanaged.some(({ eniId }) => named(made.actions).includes(eniId)), made.actions);
});

always('the order in which ENIs and subnets are listed makes no difference', (made, situation) => {
  const { state, targets, limits } = situation;
  const { subnets, ...rest } = state;
  const reversed: PoolState = {
    ...rest,
    enis: [...state.enis].reverse(),
    ...(subnets === undefined ? {} : { subnets: [...subnets].reverse() }),
  };
  expect(plan(reversed, targets, limits, NOW_MS)).toEqual(made);
});

always('growth gets no more than is wanted, rounded up to the unit', (made, { state, targets }) => {
  const { figures } = made;
  const isWholeEnis = figures.assignmentMode === 'address' && !hasIpTargets(targets);
  const unit = figures.assignmentMode === 'prefix' ? 16 : isWholeEnis ? figures.addressesPerEni : 1;
  const grown = added(growthOf(made).filter((action) => cardOf(action, state) === 0));
  const had = figures.freeCount + figures.comingCount - figures.leftoverCount;
  const held = figures.reservedCount + had + figures.coolingCount;
  must(
    grown === 0 ||
      had + grown < figures.wantedFreeCount + unit ||
      held + grown < figures.floorCount + unit,
    { grown, unit, figures },
  );
});

const anyMore = fc.record({
  warmEniTarget: fc.nat({ max: 2 }),
  warmIpTarget: fc.nat({ max: 20 }),
  minimumIpTarget: fc.nat({ max: 20 }),
  warmPrefixTarget: fc.nat({ max: 2 }),
  waitingCount: fc.nat({ max: 20 }),
});

test('higher targets and more waiting pods never get fewer addresses', () => {
  fc.assert(
    fc.property(anySituation, anyMore, ({ state, targets, limits }, more) => {
      // The first address target replaces the others, which may have asked for more.
      const moreIps = hasIpTargets(targets) ? 1 : 0;
      const higher: WarmTargets = {
        ...targets,
        warmEniTarget: targets.warmEniTarget + more.warmEniTarget,
        warmPrefixTarget: (targets.warmPrefixTarget ?? 0) + more.warmPrefixTarget,
        warmIpTarget: targets.warmIpTarget + more.warmIpTarget * moreIps,
        minimumIpTarget: targets.minimumIpTarget + more.minimumIpTarget * moreIps,
      };
      const busier = { ...state, waitingCount: state.waitingCount + more.waitingCount };
      const fewer = added(growthOf(plan(state, targets, limits, NOW_MS)));
      const greater = added(growthOf(plan(busier, higher, limits, NOW_MS)));
      must(greater >= fewer, { fewer, greater });
    }),
    RUNS,
  );
});

/** Leftovers that take all slots make room by halves, in two rounds each. */
const MOST_ROUNDS = 16;

test('applying plans comes to an end within a few rounds, and then nothing is held in vain', () => {
  fc.assert(
    fc.property(anyCalmSituation, ({ state, targets, limits }) => {
      const laterMs = NOW_MS + 3_600_000;
      let current = state;
      let made = plan(current, targets, limits, laterMs);
      for (let round = 0; round < MOST_ROUNDS && work(made.actions).length > 0; round++) {
        current = after(current, made.actions, laterMs);
        made = plan(current, targets, limits, laterMs);
      }
      expect(work(made.actions)).toEqual([]);
      checkHeld(made, current, targets);
    }),
    RUNS,
  );
});

/**
 * Held ≤ need + reserve, on card 0 and without pods that wait: no address can go that the targets do
 * not ask for. The reserve is less than a prefix where prefixes go, what pods of a prefix leave of
 * it, leftovers that nothing can replace, and with `WARM_ENI_TARGET` the addresses of whole ENIs.
 */
function checkHeld({ figures }: Plan, state: PoolState, targets: WarmTargets): void {
  const isPrefixMode = figures.assignmentMode === 'prefix';
  if (state.waitingCount > 0 || (!isPrefixMode && !hasIpTargets(targets))) {
    return;
  }
  const serving = state.enis.filter(
    ({ kind = 'secondary', networkCardIndex = 0, isPrimary }) =>
      !['excluded', 'unmanaged'].includes(kind) &&
      networkCardIndex === 0 &&
      !(isPrimary && targets.customNetworking === true),
  );
  const singleCount = serving.reduce((sum, eni) => sum + eni.freeAddresses.length, 0);
  const held = figures.reservedCount + figures.freeCount;
  const spare = Math.min(figures.freeCount - figures.wantedFreeCount, held - figures.floorCount);
  const own = spare - figures.leftoverCount;
  const spareBySingles = isPrefixMode ? spare : own;
  const spareByPrefixes = isPrefixMode ? own : spare;
  must(spareBySingles <= 0 || singleCount === 0, { singleCount, figures });
  must(spareByPrefixes < 16 || figures.freePrefixCount <= figures.wantedFreePrefixCount, figures);
}
