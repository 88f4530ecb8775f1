import type { PoolState } from '../pool-state.ts';
import type { Card } from './card.ts';
import type { PoolFigures } from './figures.ts';

/** Pods that left within this time may well be replaced: some surplus is kept for them. */
export const RECENT_CHURN_MS = 120_000;

/** Part of one ENI's slots that is kept against churn, in addresses. */
const CHURN_SHARE = 1 / 8;

/** Pods that may come back: few nodes churn more than a fraction of an ENI's worth at a time. */
export const churnMargin = ({ slotsPerEni }: Card, { reservedCount }: PoolFigures): number =>
  Math.min(reservedCount, Math.ceil(slotsPerEni * CHURN_SHARE));

/** Free addresses kept beyond the targets because pods have left lately. */
export function keptForChurn(
  card: Card,
  figures: PoolFigures,
  { lastReleasedAtMs }: PoolState,
  nowMs: number,
): number {
  const isRecent = lastReleasedAtMs !== undefined && nowMs < lastReleasedAtMs + RECENT_CHURN_MS;
  const { coolingCount } = figures;
  return isRecent ? Math.max(coolingCount, churnMargin(card, figures)) : coolingCount;
}
