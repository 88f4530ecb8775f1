import type { Work } from '../action.ts';
import type { Refusal } from '../refusal.ts';
import type { Card } from './card.ts';
import { until } from './earliest-wait.ts';
import type { PoolNeed } from './need.ts';
import { type Places, Spread } from './spread.ts';
import type { Subnets } from './subnets.ts';

/** Growth, and what of it cannot be had. */
export interface Growth {
  readonly actions: readonly Work[];
  readonly refusals: readonly Refusal[];
  /** Addresses or prefixes of the mode's own kind for which there is no place. */
  readonly placelessCount: number;
}

/**
 * Spreads the shortfall over a card: room on the ENIs there are, then new ENIs, several at once when
 * the need is that large.
 *
 * Address targets are met exactly, in prefix mode to the whole prefix. `WARM_ENI_TARGET` counts in
 * ENIs, so each ENI that is touched is filled, as in the reference implementation; only max-pods may
 * leave one partly empty. Where the subnets have no free /28, single addresses make up for it.
 */
export function planGrowth(card: Card, need: PoolNeed, subnets: Subnets): Growth {
  const places: Places = { card, subnets, reason: need.reason };
  return card.assignmentMode === 'prefix'
    ? growByPrefixes(places, need)
    : growByAddresses(places, need);
}

function growByAddresses(places: Places, need: PoolNeed): Growth {
  const { card } = places;
  const spread = new Spread(places);
  const most = card.targets.follows === 'enis' ? need.growthLimit : need.ownKindShortfall;
  const outcome = spread.over('address', need.ownKindShortfall, most);
  const missing = Math.max(0, need.shortfall - spread.obtainedCount);
  return {
    actions: spread.actions,
    refusals: [
      ...spread.refusals,
      ...missingAddresses(missing, outcome.deniedCount, spread, places),
    ],
    placelessCount: outcome.missingCount,
  };
}

function growByPrefixes(places: Places, need: PoolNeed): Growth {
  const { prefixSize } = places.card;
  const spread = new Spread(places);
  const wanted = Math.ceil(need.ownKindShortfall / prefixSize);
  const outcome = spread.over('prefix', wanted, wanted);
  const denied = Math.min(outcome.missingCount, outcome.deniedCount);

  const left = Math.max(0, need.shortfall - spread.obtainedCount);
  const singles = spread.over('address', left, left);
  const noPrefix: readonly Refusal[] =
    denied > 0 && outcome.isFragmented
      ? [{ reason: 'no-free-prefix', missingCount: denied * prefixSize }]
      : [];
  // Subnets that are full for prefixes and not fragmented are full for single addresses too.
  const full = outcome.isFragmented ? 0 : denied * prefixSize;
  return {
    actions: spread.actions,
    refusals: [
      ...spread.refusals,
      ...noPrefix,
      ...missingAddresses(singles.missingCount, singles.deniedCount + full, spread, places),
    ],
    placelessCount: outcome.missingCount,
  };
}

/** Blames the subnets for as much as they deny, and the limit of ENIs for the rest. */
export function missingAddresses(
  missingCount: number,
  deniedCount: number,
  { eniCount }: Pick<Spread, 'eniCount'>,
  { card: { eniLimit }, subnets }: Pick<Places, 'card' | 'subnets'>,
): readonly Refusal[] {
  const denied = Math.min(missingCount, deniedCount);
  const refusals: Refusal[] = [];
  if (denied > 0) {
    const untilOpen = until(subnets.nextOpenAtMs);
    refusals.push({ reason: 'subnet-full', missingCount: denied, ...untilOpen });
  }
  if (missingCount > denied) {
    refusals.push({
      reason: 'eni-limit',
      missingCount: missingCount - denied,
      eniCount,
      eniLimit,
    });
  }
  return refusals;
}
