import type { AddressStatistics } from '@vpc-cni/ipam';
import { explainRefusal, type Refusal } from '@vpc-cni/warm-pool';
import type { GrowthBlock, GrowthBlockReason } from './growth-block.ts';

export type PoolRefusalReason =
  | GrowthBlockReason
  | LimitReason
  | 'cooling'
  | 'capacity-pending'
  /** The attachment holds an address of an ENI that is not attached now. */
  | 'eni-absent';

/** What no waiting helps against, short of a pod's end or somebody's doing. */
export type LimitReason =
  | 'provisioning-disabled'
  | 'terminating'
  | 'not-schedulable'
  | 'at-max-pods'
  | 'no-free-prefix'
  | 'eni-limit';

/** A limit, in a sentence for operators. */
export interface Limit {
  readonly reason: LimitReason;
  readonly message: string;
}

/**
 * Where several apply, the first: with prefixes, for one, the ENIs might have been enough. Max-pods comes
 * last because what is kept warm runs into it before the pods do.
 */
const LIMITS_IN_A_PLAN = [
  'terminating',
  'not-schedulable',
  'no-free-prefix',
  'eni-limit',
  'at-max-pods',
] as const;

/**
 * The limit that a plan ran into, if it did. Without prefixes there are single addresses, while they fit.
 *
 * @param prefixShortage why single addresses have slots that prefixes were to have; absent if none has.
 */
export function limitIn(
  refusals: readonly Refusal[],
  nowMs: number,
  prefixShortage?: GrowthBlock,
): Limit | undefined {
  const isFull = refusals.some(({ reason }) => reason === 'eni-limit');
  const reason = LIMITS_IN_A_PLAN.find(
    (limit) =>
      refusals.some((refusal) => refusal.reason === limit) &&
      (limit !== 'no-free-prefix' || isFull),
  );
  const refusal = refusals.find((one) => one.reason === reason);
  if (reason === undefined || refusal === undefined) return undefined;
  const message = explainRefusal(refusal, nowMs);
  return reason === 'eni-limit' && prefixShortage !== undefined
    ? {
        reason: 'no-free-prefix',
        message: `${message} ${INSTEAD_OF_PREFIXES}: ${prefixShortage.message}`,
      }
    : { reason, message };
}

const INSTEAD_OF_PREFIXES = 'Single addresses take the room of prefixes';

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
  /** Of one network card, on nodes that have several; default: of the node. */
  readonly networkCardIndex?: number;
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
  const reason = reasonFor(outlook);
  const cause = [outlook.limit, block].find((one) => one?.reason === reason) ?? block;
  return {
    kind: 'refused',
    reason,
    message: [figures(outlook), cause?.message].filter(Boolean).join('; '),
    ...(untilMs === undefined ? {} : { retryAfterMs: untilMs - nowMs }),
  };
}

/** What keeps the pool from growing now, else a limit, else what kept it from growing last. */
function reasonFor({ nowMs, statistics, isGrowing, block, limit }: Outlook): PoolRefusalReason {
  if (block !== undefined && block.untilMs > nowMs) return block.reason;
  const cooling = statistics.coolingCount > 0 ? 'cooling' : undefined;
  // While something grows, the limit may be its own: an ENI on its way takes the last slot.
  if (limit !== undefined && !isGrowing) return cooling ?? limit.reason;
  return block?.reason ?? cooling ?? 'capacity-pending';
}

function earliestAfter(
  nowMs: number,
  instants: readonly (number | undefined)[],
): number | undefined {
  const coming = instants.filter((atMs) => atMs !== undefined).filter((atMs) => atMs > nowMs);
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function figures({ statistics, networkCardIndex }: Outlook): string {
  const { totalCount, reservedCount, coolingCount, drainingCount } = statistics;
  const place =
    networkCardIndex === undefined ? 'this node' : `network card ${networkCardIndex} of this node`;
  return `of ${totalCount} addresses on ${place} ${reservedCount} are in use, ${coolingCount} cooling down, ${drainingCount} on their way back to EC2`;
}
