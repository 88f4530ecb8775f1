import { cardIndexOf, type InFlightAction } from '../pool-state.ts';

/** What actions under way do to one ENI. */
export interface EniJobs {
  readonly isLeaving: boolean;
  /** Slots that will be used. */
  readonly comingSlots: number;
  readonly returnedPrefixes: readonly string[];
}

/** What actions under way do to each ENI that they name. */
export function jobsByEni(inFlight: readonly InFlightAction[]): ReadonlyMap<string, EniJobs> {
  const jobs = new Map<string, EniJobs>();
  for (const action of inFlight) {
    if (!('eniId' in action)) {
      continue;
    }
    const { isLeaving, comingSlots, returnedPrefixes } = jobs.get(action.eniId) ?? NO_JOBS;
    jobs.set(action.eniId, {
      isLeaving: isLeaving || action.kind === 'delete-eni',
      comingSlots: comingSlots + slotsTakenBy(action),
      returnedPrefixes:
        action.kind === 'unassign-prefixes'
          ? [...returnedPrefixes, ...action.prefixes]
          : returnedPrefixes,
    });
  }
  return jobs;
}

const NO_JOBS: EniJobs = { isLeaving: false, comingSlots: 0, returnedPrefixes: [] };

/** What actions under way bring to one network card. */
export interface Coming {
  readonly eniCount: number;
  /** Slots of ENIs being created that these will use. */
  readonly eniSlots: number;
  readonly singleCount: number;
  readonly prefixCount: number;
}

/** @param eniIds of the ENIs on the card. */
export function comingTo(
  networkCardIndex: number,
  eniIds: ReadonlySet<string>,
  inFlight: readonly InFlightAction[],
): Coming {
  const coming = { eniCount: 0, eniSlots: 0, singleCount: 0, prefixCount: 0 };
  for (const action of inFlight) {
    const slots = slotsTakenBy(action);
    if ('eniId' in action ? !eniIds.has(action.eniId) : cardOf(action) !== networkCardIndex) {
      continue;
    }
    if (action.kind === 'create-eni' || action.kind === 'create-eni-with-prefixes') {
      coming.eniCount += 1;
      coming.eniSlots += slots;
    }
    if (action.kind === 'assign-prefixes' || action.kind === 'create-eni-with-prefixes') {
      coming.prefixCount += slots;
    } else {
      coming.singleCount += slots;
    }
  }
  return coming;
}

const cardOf = (action: InFlightAction): number | undefined =>
  action.kind === 'create-eni' || action.kind === 'create-eni-with-prefixes'
    ? cardIndexOf(action)
    : undefined;

/** Slots that an action uses: one for each address or prefix it asks for. */
export function slotsTakenBy(action: InFlightAction): number {
  switch (action.kind) {
    case 'create-eni':
      return action.addressCount;
    case 'assign-addresses':
      return action.count;
    case 'create-eni-with-prefixes':
    case 'assign-prefixes':
      return action.prefixCount;
    default:
      return 0;
  }
}

/** Addresses that an action brings to the pool. */
export const addressesBroughtBy = (action: InFlightAction, prefixSize: number): number =>
  slotsTakenBy(action) *
  (action.kind === 'assign-prefixes' || action.kind === 'create-eni-with-prefixes'
    ? prefixSize
    : 1);
