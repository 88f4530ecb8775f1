import type { Action, DeleteEni, Refusal, UnassignAddresses, Wait } from './action.ts';
import { freeCountOf, isBusy, isLeaving } from './pool-figures.ts';
import type { PoolEni } from './pool-state.ts';
import type { Situation } from './situation.ts';
import { hasIpTargets } from './warm-targets.ts';

/** An ENI younger than this is not deleted, as in the reference implementation. */
const ENI_MINIMUM_AGE_MS = 60_000;

/** Pods that left within this time may well be replaced: some surplus is kept for them. */
const RECENT_CHURN_MS = 120_000;

/** Part of one ENI's addresses that is kept against churn. */
const CHURN_SHARE = 1 / 8;

/** What goes back to EC2, what does not and why, and when that may change. */
export interface Shrinkage {
  readonly actions: readonly Action[];
  readonly refusals: readonly Refusal[];
  readonly waits: readonly Wait[];
}

/** What the node keeps; goes down while the plan is made. */
interface Remainder {
  /** ENIs that stay. */
  readonly enis: readonly PoolEni[];
  readonly freeCount: number;
  /** Reserved, free and cooling. */
  readonly heldCount: number;
}

/**
 * Finds what the node can do without: whole ENIs first, then, with address targets only, single
 * addresses. Never touched: the primary ENI as a whole, anything reserved or cooling, and ENIs that
 * another action is busy with.
 */
export function planShrink(situation: Situation): Shrinkage {
  const { state, figures, targets } = situation;
  const actions: Action[] = [];
  const refusals: Refusal[] = [];
  const waits: Wait[] = [];
  let remainder: Remainder = {
    enis: state.enis.filter((eni) => !isLeaving(eni, state.inFlight)),
    freeCount: figures.freeCount,
    heldCount: figures.reservedCount + figures.freeCount + figures.coolingCount,
  };

  for (const eni of [...remainder.enis].sort(youngestFirst)) {
    const verdict = verdictOnEni(eni, remainder, situation);
    if (verdict.kind === 'kept') {
      refusals.push(verdict.refusal);
      waits.push(...waitFor(verdict.refusal));
    } else if (verdict.kind === 'goes') {
      actions.push(verdict.action);
      remainder = without(eni, remainder);
    }
  }
  if (hasIpTargets(targets)) {
    const surplus = planSurplus(remainder, situation);
    actions.push(...surplus.actions);
    refusals.push(...surplus.refusals);
    waits.push(...surplus.refusals.flatMap(waitFor));
  }
  return { actions, refusals, waits };
}

type EniVerdict =
  | { readonly kind: 'needed' }
  | { readonly kind: 'kept'; readonly refusal: Refusal }
  | { readonly kind: 'goes'; readonly action: DeleteEni };

const NEEDED: EniVerdict = { kind: 'needed' };

function verdictOnEni(eni: PoolEni, remainder: Remainder, situation: Situation): EniVerdict {
  const { state, need, nowMs } = situation;
  const { eniId } = eni;
  if (eni.isPrimary || eni.reservedCount > 0 || isBusy(eni, state.inFlight)) {
    return NEEDED;
  }
  const rest = without(eni, remainder);
  if (rest.freeCount < need.wantedFreeCount || rest.heldCount < need.floorCount) {
    return NEEDED;
  }
  if (rest.enis.length * situation.figures.addressesPerEni < roomWanted(situation)) {
    const refusal = { reason: 'recent-churn', keptCount: freeCountOf(eni), eniId } as const;
    return { kind: 'kept', refusal };
  }
  if (eni.coolingCount > 0) {
    const refusal = { reason: 'cooling', coolingCount: eni.coolingCount, eniId } as const;
    return { kind: 'kept', refusal: { ...refusal, ...until(state.nextCooledAtMs) } };
  }
  const oldEnoughAtMs = eni.attachedAtMs + ENI_MINIMUM_AGE_MS;
  if (nowMs < oldEnoughAtMs) {
    return { kind: 'kept', refusal: { reason: 'eni-too-young', eniId, untilMs: oldEnoughAtMs } };
  }
  return { kind: 'goes', action: { kind: 'delete-eni', eniId, reason: 'idle-eni' } };
}

const without = (eni: PoolEni, { enis, freeCount, heldCount }: Remainder): Remainder => ({
  enis: enis.filter((other) => other !== eni),
  freeCount: freeCount - freeCountOf(eni),
  heldCount: heldCount - freeCountOf(eni) - eni.coolingCount,
});

/**
 * Places the ENIs that stay must have: enough to meet the targets with a few pods more than now.
 * Without that margin, one pod that comes and goes at the border creates and deletes an ENI each
 * time round.
 */
function roomWanted({ state, figures, need }: Situation): number {
  const { reservedCount, coolingCount } = figures;
  const withMargin = reservedCount + need.wantedFreeCount + churnMargin(figures);
  return Math.max(Math.min(withMargin, state.maxPods), need.floorCount) + coolingCount;
}

/** Pods that may come back: few nodes churn more than a fraction of an ENI's worth at a time. */
const churnMargin = (figures: Situation['figures']): number =>
  Math.min(figures.reservedCount, Math.ceil(figures.addressesPerEni * CHURN_SHARE));

/** Single addresses beyond both targets. */
function planSurplus(
  remainder: Remainder,
  situation: Situation,
): { readonly actions: readonly UnassignAddresses[]; readonly refusals: readonly Refusal[] } {
  const { state, need, nowMs } = situation;
  const surplus = Math.min(
    remainder.freeCount - need.wantedFreeCount,
    remainder.heldCount - need.floorCount,
  );
  const spare = Math.max(0, remainder.freeCount - need.wantedFreeCount - keptForChurn(situation));
  const count = Math.min(surplus, spare);
  const quietAtMs =
    state.lastReleasedAtMs === undefined ? undefined : state.lastReleasedAtMs + RECENT_CHURN_MS;
  return {
    actions: unassignments(count, remainder.enis, situation),
    refusals:
      surplus > count
        ? [
            {
              reason: 'recent-churn',
              keptCount: surplus - count,
              ...until(
                quietAtMs !== undefined && quietAtMs > nowMs ? quietAtMs : state.nextCooledAtMs,
              ),
            },
          ]
        : [],
  };
}

/** Free addresses kept beyond the targets because pods have left lately. */
function keptForChurn({ state, figures, nowMs }: Situation): number {
  const { lastReleasedAtMs } = state;
  const isRecent = lastReleasedAtMs !== undefined && nowMs < lastReleasedAtMs + RECENT_CHURN_MS;
  return isRecent ? Math.max(figures.coolingCount, churnMargin(figures)) : figures.coolingCount;
}

/** Takes from the ENIs closest to being empty, so that they can be deleted; the primary one last. */
function unassignments(
  count: number,
  enis: readonly PoolEni[],
  { state }: Situation,
): readonly UnassignAddresses[] {
  const actions: UnassignAddresses[] = [];
  let left = count;
  for (const eni of [...enis].sort(emptiestFirst)) {
    const addresses = isBusy(eni, state.inFlight)
      ? []
      : eni.freeAddresses.slice(0, Math.max(0, Math.min(left, freeCountOf(eni))));
    if (addresses.length > 0) {
      const { eniId } = eni;
      actions.push({ kind: 'unassign-addresses', eniId, addresses, reason: 'above-targets' });
      left -= addresses.length;
    }
  }
  return actions;
}

const until = (untilMs: number | undefined) => (untilMs === undefined ? {} : { untilMs });

function waitFor(refusal: Refusal): readonly Wait[] {
  switch (refusal.reason) {
    case 'cooling':
    case 'eni-too-young':
    case 'recent-churn':
      return refusal.untilMs === undefined
        ? []
        : [{ kind: 'wait', untilMs: refusal.untilMs, reason: refusal.reason }];
    default:
      return [];
  }
}

const byId = (a: PoolEni, b: PoolEni): number => (a.eniId < b.eniId ? -1 : 1);

const youngestFirst = (a: PoolEni, b: PoolEni): number =>
  b.attachedAtMs - a.attachedAtMs || byId(a, b);

const emptiestFirst = (a: PoolEni, b: PoolEni): number =>
  Number(a.isPrimary) - Number(b.isPrimary) ||
  a.reservedCount - b.reservedCount ||
  youngestFirst(a, b);
