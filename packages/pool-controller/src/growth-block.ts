import { codeOf } from './ec2-refusal.ts';

/** Why an attempt to grow failed, as operators are told. */
export type GrowthBlockReason =
  | 'subnet-full'
  | 'no-free-prefix'
  | 'throttled'
  | 'permission'
  | 'eni-limit'
  /** The instance is gone, or about to go: EC2 gives it nothing more. */
  | 'terminating'
  /** What the API server says of new ENIs cannot be had, or followed. */
  | 'kubernetes'
  | 'checkpoint-unwritable'
  | 'ec2-unavailable';

/** No growth before `untilMs`. */
export interface GrowthBlock {
  readonly reason: GrowthBlockReason;
  readonly message: string;
  readonly untilMs: number;
  /** Failures in a row, for the back-off; those of calls in parallel are one. */
  readonly failureCount: number;
}

/** A full subnet seldom gets room within two minutes (ipamd reference, "insufficient-CIDR back-off"). */
const FIRST_SUBNET_BACKOFF_MS = 120_000;
const LONGEST_SUBNET_BACKOFF_MS = 960_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

const reasonOfCode: Readonly<Record<string, GrowthBlockReason>> = {
  'subnet-exhausted': 'subnet-full',
  'no-usable-subnet': 'subnet-full',
  'no-free-prefix': 'no-free-prefix',
  throttled: 'throttled',
  'not-permitted': 'permission',
  'eni-limit-reached': 'eni-limit',
  'account-limit-reached': 'eni-limit',
  'address-limit-reached': 'eni-limit',
  'instance-not-found': 'terminating',
  'eni-config-unusable': 'kubernetes',
  'checkpoint-unwritable': 'checkpoint-unwritable',
};

/** Reasons that concern a subnet, not the node. */
const OF_SUBNET: ReadonlySet<GrowthBlockReason> = new Set(['subnet-full', 'no-free-prefix']);

export const concernsSubnet = ({ reason }: GrowthBlock): boolean => OF_SUBNET.has(reason);

/**
 * How long to refrain from growing after `error`, the `previous` block given: 1 s, doubling to 30 s, or
 * for a subnet without room 2 min, doubling to 16 min. Where EC2's adapter knows when to come back
 * (`facts.retryAfterMs`), at least until then.
 */
export function growthBlockOf(
  error: unknown,
  previous: GrowthBlock | undefined,
  nowMs: number,
): GrowthBlock {
  const reason = reasonOfCode[codeOf(error) ?? ''] ?? 'ec2-unavailable';
  // While a block holds nothing is asked for: what fails then had been asked for before it.
  const isParallel = previous !== undefined && nowMs < previous.untilMs;
  const failureCount = (previous?.failureCount ?? 0) + (isParallel ? 0 : 1);
  const [firstMs, longestMs] = OF_SUBNET.has(reason)
    ? [FIRST_SUBNET_BACKOFF_MS, LONGEST_SUBNET_BACKOFF_MS]
    : [FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS];
  const waitMs = Math.min(longestMs, firstMs * 2 ** (failureCount - 1));
  const message = error instanceof Error ? error.message : String(error);
  const untilMs = nowMs + Math.max(waitMs, retryAfterMsOf(error));
  return { reason, message, untilMs, failureCount };
}

function retryAfterMsOf(error: unknown): number {
  const facts = (error as { readonly facts?: { readonly retryAfterMs?: unknown } } | undefined)
    ?.facts;
  const retryAfterMs = facts?.retryAfterMs;
  return typeof retryAfterMs === 'number' ? retryAfterMs : 0;
}
