import type { EniSnapshot, SubnetId } from '@vpc-cni/ipam';
import type { SubnetHint } from '@vpc-cni/warm-pool';
import type { StartedAction } from './action-ledger.ts';
import { concernsSubnet, type GrowthBlock, growthBlockOf } from './growth-block.ts';

/** Where new ENIs go: always to the primary ENI's subnet, or to whichever the ENI port finds best. */
export type NewEniPlacement = 'primary-subnet' | 'any-subnet';

/** Stands for the subnets that the ENI port chooses from. */
const ANY_SUBNET = 'any';

type Place = SubnetId | typeof ANY_SUBNET;

/** What the latest attempts to grow have met, on the node and in each of its subnets. */
export interface GrowthTroubles {
  /** Until when nothing at all is asked for. */
  readonly ofNode: GrowthBlock | undefined;
  /** The latest one of a subnet that is not over. */
  ofSubnets(nowMs: number): GrowthBlock | undefined;
  /** The latest refusal of a prefix that no prefix has disproved since. */
  readonly prefixShortage: GrowthBlock | undefined;
  noteFailure(
    error: unknown,
    action: StartedAction,
    at: { readonly enis: readonly EniSnapshot[]; readonly nowMs: number },
  ): void;
  noteSuccess(action: StartedAction, enis: readonly EniSnapshot[]): void;
  /** The subnets as the planner is told of them. */
  hints(enis: readonly EniSnapshot[], nowMs: number): readonly SubnetHint[];
}

export function createGrowthTroubles(placement: NewEniPlacement): GrowthTroubles {
  let ofNode: GrowthBlock | undefined;
  const ofPlaces = new Map<Place, GrowthBlock>();

  const newEniPlace = (enis: readonly EniSnapshot[]): Place | undefined =>
    placement === 'any-subnet' ? ANY_SUBNET : enis.find(({ isPrimary }) => isPrimary)?.subnetId;
  const placeOf = (action: StartedAction, enis: readonly EniSnapshot[]): Place | undefined =>
    'eniId' in action
      ? enis.find(({ eniId }) => eniId === action.eniId)?.subnetId
      : newEniPlace(enis);

  return {
    get ofNode() {
      return ofNode;
    },
    ofSubnets: (nowMs) => latestOf([...ofPlaces.values()].filter(({ untilMs }) => untilMs > nowMs)),
    get prefixShortage() {
      return latestOf([...ofPlaces.values()].filter(({ reason }) => reason === 'no-free-prefix'));
    },
    noteFailure: (error, action, { enis, nowMs }) => {
      const place = placeOf(action, enis);
      const previous = place === undefined ? undefined : ofPlaces.get(place);
      const block = growthBlockOf(error, previous, nowMs);
      if (place !== undefined && concernsSubnet(block)) ofPlaces.set(place, block);
      else ofNode = growthBlockOf(error, ofNode, nowMs);
    },
    noteSuccess: (action, enis) => {
      ofNode = undefined;
      const place = placeOf(action, enis);
      if (place === undefined) return;
      // Single addresses do not prove that there are prefixes again.
      const isProof = ofPlaces.get(place)?.reason === 'subnet-full' || asksForPrefixes(action);
      if (isProof) ofPlaces.delete(place);
    },
    hints: (enis, nowMs) => {
      const isOpenFor = newEniPlace(enis);
      const places = new Set<Place>(enis.map(({ subnetId }) => subnetId));
      if (isOpenFor !== undefined) places.add(isOpenFor);
      return [...places].map((place) => ({
        subnetId: place,
        acceptsNewEnis: place === isOpenFor,
        ...hintOf(ofPlaces.get(place), nowMs),
      }));
    },
  };
}

const latestOf = (blocks: readonly GrowthBlock[]): GrowthBlock | undefined =>
  blocks.reduce<GrowthBlock | undefined>(
    (latest, one) => (latest !== undefined && latest.untilMs > one.untilMs ? latest : one),
    undefined,
  );

const asksForPrefixes = ({ kind }: StartedAction): boolean =>
  kind === 'assign-prefixes' || kind === 'create-eni-with-prefixes';

function hintOf(
  block: GrowthBlock | undefined,
  nowMs: number,
): Pick<SubnetHint, 'isFragmented' | 'backoffUntilMs'> {
  if (block === undefined || block.untilMs <= nowMs) return {};
  return block.reason === 'no-free-prefix'
    ? { isFragmented: true }
    : { backoffUntilMs: block.untilMs };
}
