import type { PoolState } from '../pool-state.ts';

/** A full subnet seldom gets room within two minutes. */
const SUBNET_FULL_BACKOFF_MS = 120_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

/** Failures that end all growth for a while; a subnet without a free /28 still has single addresses. */
export type GrowthFailure = 'throttled' | 'subnet-full';

/** The last growth failed: none before `untilMs`. The figures are those of the pool controller. */
export interface GrowthBlock {
  readonly reason: GrowthFailure;
  readonly untilMs: number;
  readonly failureCount: number;
}

/** How long to refrain from growing after a failure, the `previous` block given. */
export function blockOf(
  reason: GrowthFailure,
  previous: GrowthBlock | undefined,
  nowMs: number,
): GrowthBlock {
  const failureCount = (previous?.failureCount ?? 0) + 1;
  const exponential = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failureCount - 1));
  const waitMs = reason === 'subnet-full' ? SUBNET_FULL_BACKOFF_MS : exponential;
  return { reason, untilMs: nowMs + waitMs, failureCount };
}

/** The block as the planner knows it: a full subnet forbids growth, throttling all calls. */
export function backOffOf(
  block: GrowthBlock | undefined,
): Pick<PoolState, 'subnetBackoffUntilMs' | 'throttledUntilMs'> {
  if (block === undefined) {
    return {};
  }
  return block.reason === 'subnet-full'
    ? { subnetBackoffUntilMs: block.untilMs }
    : { throttledUntilMs: block.untilMs };
}
