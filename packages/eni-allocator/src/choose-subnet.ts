import type { SecurityGroupId, SubnetId } from './ec2-ids.ts';

/** A subnet that a new ENI may go to. */
export interface SubnetCandidate {
  readonly subnetId: SubnetId;
  /** As EC2 writes it: `10.0.0.0/24`. Missing when it is not known. */
  readonly cidr?: string;
  /** Missing when it is not known, or the subnet has none. */
  readonly ipv6Cidr?: string;
  /** EC2's `AvailableIpAddressCount`, or missing when it is not known. */
  readonly freeAddressCount?: number;
  /** Instead of the request's own: with custom networking they come with the subnet. */
  readonly securityGroupIds?: readonly SecurityGroupId[];
}

/** What a new ENI needs of its subnet, beside its primary address. */
export interface SubnetNeed {
  readonly kind: 'addresses' | 'prefixes';
  readonly count: number;
}

/** Why an ENI did not get into a subnet. `not-found`: the subnet was deleted. */
export type SubnetTrouble = 'full' | 'no-free-prefix' | 'not-found';

/** What happened to the latest attempts in one subnet, since the last that succeeded. */
export interface SubnetRecord {
  readonly trouble: SubnetTrouble;
  readonly failureCount: number;
  readonly lastAtMs: number;
}

export type SubnetRecords = ReadonlyMap<SubnetId, SubnetRecord>;

/** A candidate that is left alone for now. */
export interface RestingSubnet {
  readonly subnetId: SubnetId;
  readonly trouble: SubnetTrouble;
  readonly untilMs: number;
}

export interface SubnetChoice {
  /** The best candidate, or missing when there is none, or all are resting. */
  readonly chosen?: SubnetCandidate;
  /** Those that are not asked, each with the reason and until when. */
  readonly resting: readonly RestingSubnet[];
}

/** The reference implementation's wait after InsufficientCidrBlocks; it doubles from time to time. */
const FIRST_REST_MS = 120_000;
const LONGEST_REST_MS = 960_000;
const ADDRESSES_PER_PREFIX = 16;

/**
 * Chooses the subnet for a new ENI.
 *
 * A subnet that refused rests for two minutes, twice as long after each further refusal, 16 minutes
 * at most; one without a free prefix rests for prefixes only. Of the others, those come first that
 * have enough free addresses as far as is known, then those whose figure is unknown, then those with
 * too few (blocks reserved for prefixes do not show in the figure). Within each group the score
 * decides: free addresses, halved for each refusal since the last success. Ties keep the order given.
 */
export function chooseSubnet(
  candidates: readonly SubnetCandidate[],
  need: SubnetNeed,
  records: SubnetRecords,
  nowMs: number,
): SubnetChoice {
  const resting = candidates.flatMap(({ subnetId }) => restOf(subnetId, need, records, nowMs));
  const [best] = candidates
    .filter(({ subnetId }) => !resting.some((rest) => rest.subnetId === subnetId))
    .map((candidate) => ({
      candidate,
      group: groupOf(candidate, need),
      score: (candidate.freeAddressCount ?? 0) / 2 ** failuresOf(candidate, need, records),
    }))
    .sort((a, b) => a.group - b.group || b.score - a.score);
  return best === undefined ? { resting } : { chosen: best.candidate, resting };
}

/** The record after another refusal. Those of requests in parallel, which come while it rests, are one. */
export function recordTrouble(
  previous: SubnetRecord | undefined,
  trouble: SubnetTrouble,
  nowMs: number,
): SubnetRecord {
  const isParallel = previous !== undefined && nowMs < restEndMs(previous);
  const failureCount = (previous?.failureCount ?? 0) + (isParallel ? 0 : 1);
  return { trouble, failureCount, lastAtMs: nowMs };
}

const restEndMs = ({ failureCount, lastAtMs }: SubnetRecord): number =>
  lastAtMs + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (failureCount - 1));

function restOf(
  subnetId: SubnetId,
  need: SubnetNeed,
  records: SubnetRecords,
  nowMs: number,
): readonly RestingSubnet[] {
  const record = records.get(subnetId);
  if (record === undefined || !concerns(record, need)) {
    return [];
  }
  const untilMs = restEndMs(record);
  return nowMs < untilMs ? [{ subnetId, trouble: record.trouble, untilMs }] : [];
}

function groupOf({ freeAddressCount }: SubnetCandidate, { kind, count }: SubnetNeed): 0 | 1 | 2 {
  if (freeAddressCount === undefined) {
    return 1;
  }
  const wanted = 1 + (kind === 'prefixes' ? count * ADDRESSES_PER_PREFIX : count);
  return freeAddressCount >= wanted ? 0 : 2;
}

function failuresOf({ subnetId }: SubnetCandidate, need: SubnetNeed, records: SubnetRecords) {
  const record = records.get(subnetId);
  return record !== undefined && concerns(record, need) ? record.failureCount : 0;
}

/** A subnet without a free prefix is as good as any for single addresses. */
export const concerns = (record: SubnetRecord, need: SubnetNeed): boolean =>
  record.trouble !== 'no-free-prefix' || need.kind === 'prefixes';
