import type { DeleteEni } from '../action.ts';
import type { Refusal } from '../refusal.ts';
import { ENIS_KEPT_MS, keptUntilMs, roomForChurn } from './churn.ts';
import { type CountedEni, isDeletable, youngestFirst } from './counted-eni.ts';
import { until } from './earliest-wait.ts';
import { meetsNeed, type Remainder, without } from './remainder.ts';
import type { Situation } from './situation.ts';

/** An ENI younger than this is not deleted, as in the reference implementation. */
const ENI_MINIMUM_AGE_MS = 60_000;

/** ENIs that go or stay, and what is left. */
export interface IdleEnis {
  readonly actions: readonly DeleteEni[];
  readonly refusals: readonly Refusal[];
  readonly remainder: Remainder;
}

/**
 * Finds the ENIs that a card can do without, youngest first. Never one that is primary, trunk or EFA,
 * that serves a pod, that has a cooling address, or that another action is busy with.
 */
export function planIdleEnis(start: Remainder, situation: Situation): IdleEnis {
  const actions: DeleteEni[] = [];
  const refusals: Refusal[] = [];
  let remainder = start;
  for (const eni of start.enis.filter(isIdle).sort(youngestFirst)) {
    const rest = without(eni, remainder, situation.card);
    if (!meetsNeed(rest, remainder, situation.need)) {
      continue;
    }
    const refusal = staysForChurn(eni, rest, situation) ?? staysForNow(eni, situation);
    if (refusal === undefined) {
      actions.push({ kind: 'delete-eni', eniId: eni.eniId, reason: 'idle-eni' });
      remainder = rest;
    } else {
      refusals.push(refusal);
    }
  }
  return { actions, refusals, remainder };
}

const isIdle = ({ eni, kind, reservedCount, isBusy }: CountedEni): boolean =>
  isDeletable(eni.isPrimary, kind) && reservedCount === 0 && !isBusy;

function staysForChurn(
  { eniId, freeCount }: CountedEni,
  rest: Remainder,
  situation: Situation,
): Refusal | undefined {
  const untilMs = keptUntilMs(situation.state, ENIS_KEPT_MS, situation.nowMs);
  const room = rest.enis.reduce((sum, other) => sum + roomOf(other, situation), 0);
  return untilMs !== undefined && room < roomWanted(situation)
    ? { reason: 'recent-churn', keptCount: freeCount, eniId, untilMs }
    : undefined;
}

/** Why an ENI that serves nobody cannot be deleted yet. */
export function staysForNow(
  { eniId, eni, coolingCount }: CountedEni,
  { state, nowMs }: Pick<Situation, 'state' | 'nowMs'>,
): Refusal | undefined {
  if (coolingCount > 0) {
    return { reason: 'cooling', coolingCount, eniId, ...until(state.nextCooledAtMs) };
  }
  const untilMs = eni.attachedAtMs + ENI_MINIMUM_AGE_MS;
  return nowMs < untilMs ? { reason: 'eni-too-young', eniId, untilMs } : undefined;
}

/** Addresses that an ENI has or could get. */
function roomOf({ eni, totalCount, usedSlots }: CountedEni, { card, subnets }: Situation): number {
  const perSlot =
    card.assignmentMode === 'prefix' && subnets.hasPrefixes(eni.subnetId) ? card.prefixSize : 1;
  return totalCount + Math.max(0, card.slotsPerEni - usedSlots) * perSlot;
}

/**
 * Places the ENIs that stay must have while pods churn: enough for the targets with more pods than now.
 * Without that margin, one pod that comes and goes at the border creates and deletes an ENI each
 * time round.
 */
function roomWanted(situation: Situation): number {
  const { card, figures, need } = situation;
  const { reservedCount, coolingCount } = figures;
  const withMargin = reservedCount + need.wantedFreeCount + roomForChurn(situation);
  return Math.max(Math.min(withMargin, card.maxPods), need.floorCount) + coolingCount;
}
