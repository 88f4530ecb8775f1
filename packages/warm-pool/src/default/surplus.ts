import type { UnassignAddresses } from '../action.ts';
import type { Unit } from '../assignment.ts';
import type { UnassignPrefixes } from '../prefix-action.ts';
import type { Refusal } from '../refusal.ts';
import { ADDRESSES_KEPT_MS, keptForChurn, keptUntilMs } from './churn.ts';
import { type CountedEni, emptiestFirst } from './counted-eni.ts';
import { until } from './earliest-wait.ts';
import type { Remainder } from './remainder.ts';
import type { Situation } from './situation.ts';

/** Something that goes back to EC2 while its ENI stays. */
export type Return = UnassignAddresses | UnassignPrefixes;

/** What goes, and what stays a while. */
export interface Surplus {
  readonly actions: readonly Return[];
  readonly refusals: readonly Refusal[];
}

/**
 * Finds the single addresses and the empty prefixes beyond the targets, leftovers of the other mode
 * first. `WARM_ENI_TARGET` counts in ENIs: single addresses stay then.
 *
 * Addresses cool down one by one. They go back by the batch: not before more can go than are cooling.
 */
export function planSurplus(remainder: Remainder, situation: Situation): Surplus {
  const kept = keptForChurn(situation);
  const spared = returns(remainder, situation, kept);
  const going = spared.freedCount < situation.figures.coolingCount ? NOTHING : spared;
  const all = kept === 0 ? going : returns(remainder, situation, 0);
  const keptCount = all.freedCount - going.freedCount;
  return {
    actions: going.actions,
    refusals: keptCount > 0 ? [recentChurn(keptCount, situation)] : [],
  };
}

function recentChurn(keptCount: number, { state, nowMs }: Situation): Refusal {
  const untilMs = keptUntilMs(state, ADDRESSES_KEPT_MS, nowMs) ?? state.nextCooledAtMs;
  return { reason: 'recent-churn', keptCount, ...until(untilMs) };
}

interface Returns {
  readonly actions: readonly Return[];
  readonly freedCount: number;
}

const NOTHING: Returns = { actions: [], freedCount: 0 };

function returns(remainder: Remainder, { card, need }: Situation, kept: number): Returns {
  const { freeCount, heldCount, leftoverCount, freePrefixCount } = remainder;
  const spareCount = Math.min(freeCount - need.wantedFreeCount - kept, heldCount - need.floorCount);
  // What is of the mode's own kind must be enough without the leftovers, or it is asked for again.
  let ownCount = spareCount - leftoverCount;
  let left = spareCount;
  let prefixesLeft = Math.max(0, freePrefixCount - need.wantedFreePrefixCount);
  const actions: Return[] = [];
  const enis = spareCount > 0 ? remainder.enis.filter(({ isBusy }) => !isBusy) : [];
  enis.sort(emptiestFirst);
  const touched = new Set<CountedEni>();
  for (const unit of returnedUnits(card)) {
    const size = unit === 'prefix' ? card.prefixSize : 1;
    const isOwn = unit === card.assignmentMode;
    for (const eni of enis) {
      const most = Math.floor((isOwn ? Math.min(left, ownCount) : left) / size);
      const action = touched.has(eni)
        ? undefined
        : returnOf(
            eni,
            unit,
            unit === 'prefix' ? Math.min(most, prefixesLeft) : most,
            isOwn ? 'above-targets' : 'leftover',
          );
      if (action !== undefined) {
        const count = countOf(action);
        touched.add(eni);
        actions.push(action);
        left -= count * size;
        ownCount -= isOwn ? count * size : 0;
        prefixesLeft -= unit === 'prefix' ? count : 0;
      }
    }
  }
  return { actions, freedCount: Math.max(0, spareCount) - Math.max(0, left) };
}

/** Leftovers first. */
function returnedUnits({ assignmentMode, targets }: Situation['card']): readonly Unit[] {
  if (assignmentMode === 'prefix') {
    return ['address', 'prefix'];
  }
  return targets.follows === 'enis' ? ['prefix'] : ['prefix', 'address'];
}

/** At most `most` free addresses or empty prefixes of an ENI. */
export function returnOf(
  { eniId, eni, freeSingleCount, emptyPrefixes }: CountedEni,
  unit: Unit,
  most: number,
  reason: Return['reason'],
): Return | undefined {
  if (unit === 'address') {
    const addresses = eni.freeAddresses.slice(0, Math.max(0, Math.min(most, freeSingleCount)));
    return addresses.length === 0
      ? undefined
      : { kind: 'unassign-addresses', eniId, addresses, reason };
  }
  const prefixes = emptyPrefixes.slice(0, Math.max(0, most)).map(({ prefix }) => prefix);
  return prefixes.length === 0 ? undefined : { kind: 'unassign-prefixes', eniId, prefixes, reason };
}

/** Addresses or prefixes that go. */
export const countOf = (action: Return): number =>
  action.kind === 'unassign-addresses' ? action.addresses.length : action.prefixes.length;
