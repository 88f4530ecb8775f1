import { byId, type EniKind, eniKindOf, type PoolEni, type PoolPrefix } from '../pool-state.ts';
import type { EniJobs } from './in-flight.ts';

/** An ENI with its addresses counted, those of its prefixes included. */
export interface CountedEni {
  readonly eni: PoolEni;
  readonly eniId: string;
  /** With custom networking the primary ENI is `excluded`. */
  readonly kind: Exclude<EniKind, 'unmanaged'>;
  /** An action under way names it, or some of its addresses are promised to EC2. */
  readonly isBusy: boolean;
  /** It is being deleted. */
  readonly isLeaving: boolean;
  /** All it holds is promised to EC2, and no action is busy with it: its deletion has failed. */
  readonly isDrained: boolean;
  /** Pods get its addresses. */
  readonly isServing: boolean;
  /** Single addresses and prefixes, those on their way included: each takes a slot. */
  readonly usedSlots: number;
  readonly totalCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** Single addresses that can be reserved, or given back. */
  readonly freeSingleCount: number;
  /** Addresses that can be reserved, prefixes included. */
  readonly freeCount: number;
  /** Prefixes without a pod or a cooling address. */
  readonly emptyPrefixes: readonly PoolPrefix[];
  readonly prefixCount: number;
}

const NO_PREFIXES: readonly PoolPrefix[] = [];

export function countEni(
  eni: PoolEni,
  prefixSize: number,
  jobs: EniJobs | undefined,
  customNetworking: boolean,
): CountedEni {
  const { prefixes = NO_PREFIXES, totalCount: singleCount } = eni;
  let { reservedCount, coolingCount, drainingCount } = eni;
  const freeSingleCount = Math.max(0, singleCount - reservedCount - coolingCount - drainingCount);
  let freeCount = freeSingleCount;
  let drainingPrefixCount = 0;
  const emptyPrefixes: PoolPrefix[] = [];
  for (const prefix of prefixes) {
    if (prefix.isDraining === true || jobs?.returnedPrefixes.includes(prefix.prefix) === true) {
      drainingCount += prefixSize;
      drainingPrefixCount += 1;
      continue;
    }
    reservedCount += prefix.reservedCount;
    coolingCount += prefix.coolingCount;
    freeCount += Math.max(0, prefixSize - prefix.reservedCount - prefix.coolingCount);
    if (prefix.reservedCount === 0 && prefix.coolingCount === 0) {
      emptyPrefixes.push(prefix);
    }
  }
  const heldSlots = singleCount + prefixes.length;
  const isDraining = eni.drainingCount + drainingPrefixCount > 0;
  const isDrained =
    jobs === undefined && isDraining && eni.drainingCount + drainingPrefixCount >= heldSlots;
  const isLeaving = jobs?.isLeaving === true;
  const kind = customNetworking && eni.isPrimary ? 'excluded' : managedKindOf(eni);
  return {
    eni,
    eniId: eni.eniId,
    kind,
    isBusy: jobs !== undefined || isDraining,
    isLeaving,
    isDrained: isDrained && isDeletable(eni.isPrimary, kind),
    isServing: kind !== 'excluded' && !isLeaving,
    usedSlots: heldSlots + (jobs?.comingSlots ?? 0),
    totalCount: singleCount + prefixes.length * prefixSize,
    reservedCount,
    coolingCount,
    drainingCount,
    freeSingleCount,
    freeCount,
    emptyPrefixes,
    prefixCount: prefixes.length,
  };
}

/** Unmanaged ENIs are not counted; one that gets here all the same is left alone like a trunk ENI. */
function managedKindOf(eni: PoolEni): CountedEni['kind'] {
  const kind = eniKindOf(eni);
  return kind === 'unmanaged' ? 'trunk' : kind;
}

/** Trunk and EFA ENIs are not ours to delete, and the primary one cannot be. */
export const isDeletable = (isPrimary: boolean, kind: EniKind): boolean =>
  !isPrimary && (kind === 'secondary' || kind === 'excluded');

/** ENIs that addresses or prefixes may be assigned to. */
export const isGrowable = ({ kind, isServing, isDrained }: CountedEni): boolean =>
  isServing && !isDrained && kind !== 'trunk';

/** The order in which ENIs are deleted. */
export const youngestFirst = ({ eni: a }: CountedEni, { eni: b }: CountedEni): number =>
  b.attachedAtMs - a.attachedAtMs || byId(a, b);

/** The order in which ENIs give back: those closest to being empty first, the primary one last. */
export const emptiestFirst = (a: CountedEni, b: CountedEni): number =>
  Number(a.eni.isPrimary) - Number(b.eni.isPrimary) ||
  a.reservedCount - b.reservedCount ||
  youngestFirst(a, b);
