import { type InstanceLimits, podAddressesPerEni } from './max-pods.ts';
import type { InFlightAction, PoolEni, PoolState } from './pool-state.ts';
import type { WarmTargets } from './warm-targets.ts';

/** The sums a plan is derived from: what the node has and what is on its way. */
export interface PoolFigures {
  /** ENIs there are, those being deleted included. */
  readonly eniCount: number;
  /** ENIs being created. */
  readonly comingEniCount: number;
  /** The instance's limit or `MAX_ENI`, whichever is lower. */
  readonly eniLimit: number;
  /** Addresses of one ENI that pods can have. */
  readonly addressesPerEni: number;
  readonly totalCount: number;
  readonly reservedCount: number;
  readonly coolingCount: number;
  readonly drainingCount: number;
  /** Free addresses, without those of ENIs that are being deleted. */
  readonly freeCount: number;
  /** Addresses that actions under way will bring. */
  readonly comingCount: number;
  readonly waitingCount: number;
}

export function poolFigures(
  state: PoolState,
  targets: WarmTargets,
  limits: InstanceLimits,
): PoolFigures {
  const { enis, inFlight } = state;
  const staying = enis.filter((eni) => !isLeaving(eni, inFlight));
  return {
    eniCount: enis.length,
    comingEniCount: inFlight.filter(({ kind }) => kind === 'create-eni').length,
    eniLimit: Math.min(limits.maxEnis, targets.maxEnis ?? limits.maxEnis),
    addressesPerEni: podAddressesPerEni(limits),
    totalCount: sum(enis, ({ totalCount }) => totalCount),
    reservedCount: sum(enis, ({ reservedCount }) => reservedCount),
    coolingCount: sum(enis, ({ coolingCount }) => coolingCount),
    drainingCount: sum(enis, ({ drainingCount }) => drainingCount),
    freeCount: sum(staying, freeCountOf),
    comingCount: sum(inFlight, comingCountOf),
    waitingCount: state.waitingCount,
  };
}

export const freeCountOf = (eni: PoolEni): number =>
  Math.max(0, eni.totalCount - eni.reservedCount - eni.coolingCount - eni.drainingCount);

/** True when an action under way names this ENI, or some of its addresses are promised to EC2. */
export const isBusy = (eni: PoolEni, inFlight: readonly InFlightAction[]): boolean =>
  eni.drainingCount > 0 ||
  inFlight.some((action) => action.kind !== 'create-eni' && action.eniId === eni.eniId);

/** True when the ENI is being deleted. */
export const isLeaving = (eni: PoolEni, inFlight: readonly InFlightAction[]): boolean =>
  inFlight.some((action) => action.kind === 'delete-eni' && action.eniId === eni.eniId);

/** Addresses that actions under way will bring to this ENI. */
export const comingTo = (eni: PoolEni, inFlight: readonly InFlightAction[]): number =>
  sum(inFlight, (action) =>
    action.kind === 'assign-addresses' && action.eniId === eni.eniId ? action.count : 0,
  );

function comingCountOf(action: InFlightAction): number {
  if (action.kind === 'create-eni') {
    return action.addressCount;
  }
  return action.kind === 'assign-addresses' ? action.count : 0;
}

const sum = <T>(items: readonly T[], figure: (item: T) => number): number =>
  items.reduce((total, item) => total + figure(item), 0);
