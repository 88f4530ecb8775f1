import type { PoolState } from '../pool-state.ts';
import type { Card } from './card.ts';
import type { PoolFigures } from './figures.ts';
import type { Situation } from './situation.ts';

/** Addresses that pods have left within this time may well be needed again. */
export const ADDRESSES_KEPT_MS = 120_000;

/** The same for ENIs, which take a dozen calls and many seconds to get back. */
export const ENIS_KEPT_MS = 600_000;

/** Part of one ENI's slots that is kept against churn, in addresses. */
const CHURN_SHARE = 1 / 8;

/** When pods have been away for `keptMs`; undefined if they have. */
export function keptUntilMs(
  { lastReleasedAtMs }: PoolState,
  keptMs: number,
  nowMs: number,
): number | undefined {
  const untilMs = lastReleasedAtMs === undefined ? nowMs : lastReleasedAtMs + keptMs;
  return untilMs > nowMs ? untilMs : undefined;
}

/** Free addresses kept beyond the targets because pods have left lately. */
export function keptForChurn({ card, figures, state, nowMs }: Situation): number {
  const { coolingCount } = figures;
  return keptUntilMs(state, ADDRESSES_KEPT_MS, nowMs) === undefined
    ? coolingCount
    : Math.max(coolingCount, usualChurn(card, figures));
}

/**
 * Pods that the ENIs that stay must have room for beyond the targets. With `WARM_ENI_TARGET` an idle
 * ENI holds addresses; otherwise it gives them back, and costs no more than its own.
 */
export const roomForChurn = ({ card, figures }: Situation): number =>
  card.targets.follows === 'enis'
    ? usualChurn(card, figures)
    : Math.min(figures.reservedCount, card.addressesPerEni);

/** Pods that may come back: few nodes churn more than a fraction of an ENI's worth at a time. */
const usualChurn = ({ slotsPerEni }: Card, { reservedCount }: PoolFigures): number =>
  Math.min(reservedCount, Math.ceil(slotsPerEni * CHURN_SHARE));
