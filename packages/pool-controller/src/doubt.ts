import type { EniId, EniSnapshot } from '@vpc-cni/ipam';
import { assignedBlocks, blocksOf } from './blocks.ts';
import type { EniSlot, ObservedEni } from './ports.ts';

/** What two looks at the instance are compared by. */
export interface Acquaintance {
  /** ENIs of the address book. */
  readonly known: ReadonlyMap<EniId, EniSnapshot>;
  /** ENIs that are not the pool's, and where they were. */
  readonly leftAlone: ReadonlyMap<EniId, EniSlot>;
}

/** ENIs on which instance metadata does not agree with what is known: those to ask EC2 about. */
export function doubtful(
  observed: readonly ObservedEni[],
  { known, leftAlone }: Acquaintance,
): readonly EniId[] {
  const seen = new Set(observed.map(({ eniId }) => eniId));
  const differing = observed.filter((eni) => {
    const place = leftAlone.get(eni.eniId);
    return place === undefined ? disagrees(known.get(eni.eniId), eni) : !isSameSlot(place, eni);
  });
  const vanished = [...known.keys()].filter((eniId) => !seen.has(eniId));
  return [...differing.map(({ eniId }) => eniId), ...vanished];
}

function disagrees(known: EniSnapshot | undefined, observed: ObservedEni): boolean {
  if (known === undefined || !isSameSlot(known, observed)) return true;
  // What was to be given back may be gone or not.
  if (blocksOf(known).some(({ isDraining }) => isDraining)) return true;
  const held = new Set<string>(blocksOf(known).map(({ block }) => block));
  const assigned = assignedBlocks(observed);
  return held.size !== assigned.length || assigned.some((block) => !held.has(block));
}

/** False when an ENI was detached and attached again elsewhere on the instance, between two looks. */
export const isSameSlot = (one: EniSlot, other: EniSlot): boolean =>
  one.deviceNumber === other.deviceNumber && one.networkCardIndex === other.networkCardIndex;
