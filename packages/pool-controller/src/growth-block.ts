/** Why an attempt to grow failed, as operators are told. */
export type GrowthBlockReason =
  | 'subnet-full'
  | 'throttled'
  | 'permission'
  | 'eni-limit'
  | 'ec2-unavailable';

/** No growth before `untilMs`. */
export interface GrowthBlock {
  readonly reason: GrowthBlockReason;
  readonly message: string;
  readonly untilMs: number;
  /** Failures in a row, for the back-off. */
  readonly failureCount: number;
}

/** A full subnet seldom gets room within two minutes (ipamd reference, "insufficient-CIDR back-off"). */
const SUBNET_FULL_BACKOFF_MS = 120_000;
const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

const reasonOfCode: Readonly<Record<string, GrowthBlockReason>> = {
  'subnet-exhausted': 'subnet-full',
  'no-free-prefix': 'subnet-full',
  throttled: 'throttled',
  'not-permitted': 'permission',
  'eni-limit-reached': 'eni-limit',
  'account-limit-reached': 'eni-limit',
  'address-limit-reached': 'eni-limit',
};

/** How long to refrain from growing after `error`, the `previous` block given. */
export function growthBlockOf(
  error: unknown,
  previous: GrowthBlock | undefined,
  nowMs: number,
): GrowthBlock {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  const reason = (typeof code === 'string' ? reasonOfCode[code] : undefined) ?? 'ec2-unavailable';
  const failureCount = (previous?.failureCount ?? 0) + 1;
  const exponential = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failureCount - 1));
  const waitMs = reason === 'subnet-full' ? SUBNET_FULL_BACKOFF_MS : exponential;
  const message = error instanceof Error ? error.message : String(error);
  return { reason, message, untilMs: nowMs + waitMs, failureCount };
}

/** The block as the planner knows it: a full subnet forbids growth, everything else all calls. */
export function backOffOf(block: GrowthBlock | undefined): {
  readonly subnetBackoffUntilMs?: number;
  readonly throttledUntilMs?: number;
} {
  if (block === undefined) return {};
  return block.reason === 'subnet-full'
    ? { subnetBackoffUntilMs: block.untilMs }
    : { throttledUntilMs: block.untilMs };
}
