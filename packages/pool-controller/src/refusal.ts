import type { AddressStatistics } from '@vpc-cni/ipam';
import type { Refusal } from '@vpc-cni/warm-pool';
import type { GrowthBlock, GrowthBlockReason } from './growth-block.ts';

export type PoolRefusalReason = GrowthBlockReason | Limit | 'cooling' | 'capacity-pending';

/** What no waiting helps against, short of a pod's end. */
export type Limit = 'eni-limit' | 'at-max-pods';

/** The limit that a plan ran into, if it did. */
export const limitIn = (refusals: readonly Refusal[]): Limit | undefined =>
  refusals
    .map(({ reason }) => reason)
    .find((reason) => reason === 'eni-limit' || reason === 'at-max-pods');

/** Why a pod gets no address, with the figures behind it. */
export interface PoolRefusal {
  readonly kind: 'refused';
  readonly reason: PoolRefusalReason;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** Everything that decides whether waiting can help. */
export interface Outlook {
  readonly nowMs: number;
  readonly statistics: AddressStatistics;
  /** Something that adds addresses is under way. */
  readonly isGrowing: boolean;
  /** Growth is held up for a while. */
  readonly block: GrowthBlock | undefined;
  readonly limit: Limit | undefined;
}

/**
 * What to tell an ADD that is ready to wait until `deadlineMs`: nothing while waiting may still
 * help, else the reason why it gets no address.
 */
export function refusalFor(outlook: Outlook, deadlineMs: number): PoolRefusal | undefined {
  const { nowMs } = outlook;
  if (nowMs < deadlineMs && (coolsBy(outlook, deadlineMs) || growsBy(outlook, deadlineMs))) {
    return undefined;
  }
  return explain(outlook);
}

const coolsBy = ({ statistics: { nextCooledAtMs } }: Outlook, deadlineMs: number): boolean =>
  nextCooledAtMs !== undefined && nextCooledAtMs <= deadlineMs;

function growsBy({ isGrowing, block, limit }: Outlook, deadlineMs: number): boolean {
  if (isGrowing) return true;
  return block === undefined ? limit === undefined : block.untilMs <= deadlineMs;
}

function explain({ nowMs, statistics, block, limit }: Outlook): PoolRefusal {
  const { coolingCount, nextCooledAtMs } = statistics;
  const cooling = coolingCount > 0 ? 'cooling' : undefined;
  const untilMs = earliest([block?.untilMs, nextCooledAtMs]);
  return {
    kind: 'refused',
    reason: block?.reason ?? cooling ?? limit ?? 'capacity-pending',
    message: block === undefined ? figures(statistics) : `${figures(statistics)}; ${block.message}`,
    ...(untilMs === undefined ? {} : { retryAfterMs: Math.max(0, untilMs - nowMs) }),
  };
}

function earliest(instants: readonly (number | undefined)[]): number | undefined {
  const known = instants.filter((atMs) => atMs !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

const figures = ({
  totalCount,
  reservedCount,
  coolingCount,
  drainingCount,
}: AddressStatistics): string =>
  `of ${totalCount} addresses on this node ${reservedCount} are in use, ${coolingCount} cooling down, ${drainingCount} on their way back to EC2`;
