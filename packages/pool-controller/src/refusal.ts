import type { AddressStatistics } from '@vpc-cni/ipam';
import type { Refusal } from '@vpc-cni/warm-pool';
import type { GrowthBlock, GrowthBlockReason } from './growth-block.ts';

export type PoolRefusalReason =
  | GrowthBlockReason
  | Limit
  | 'cooling'
  | 'capacity-pending'
  /** The attachment holds an address of an ENI that is not attached now. */
  | 'eni-absent';

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
  /** The last growth failed; none before the block's end. */
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

function explain(outlook: Outlook): PoolRefusal {
  const { nowMs, statistics, block } = outlook;
  const untilMs = earliestAfter(nowMs, [block?.untilMs, statistics.nextCooledAtMs]);
  return {
    kind: 'refused',
    reason: reasonFor(outlook),
    message: block === undefined ? figures(statistics) : `${figures(statistics)}; ${block.message}`,
    ...(untilMs === undefined ? {} : { retryAfterMs: untilMs - nowMs }),
  };
}

/** What keeps the pool from growing now, else a limit, else what kept it from growing last. */
function reasonFor({ nowMs, statistics, isGrowing, block, limit }: Outlook): PoolRefusalReason {
  if (block !== undefined && block.untilMs > nowMs) return block.reason;
  const cooling = statistics.coolingCount > 0 ? 'cooling' : undefined;
  // While something grows, the limit may be its own: an ENI on its way takes the last slot.
  if (limit !== undefined && !isGrowing) return cooling ?? limit;
  return block?.reason ?? cooling ?? 'capacity-pending';
}

function earliestAfter(
  nowMs: number,
  instants: readonly (number | undefined)[],
): number | undefined {
  const coming = instants.filter((atMs) => atMs !== undefined).filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

const figures = ({
  totalCount,
  reservedCount,
  coolingCount,
  drainingCount,
}: AddressStatistics): string =>
  `of ${totalCount} addresses on this node ${reservedCount} are in use, ${coolingCount} cooling down, ${drainingCount} on their way back to EC2`;
