import type { EniId, EniSnapshot } from '@vpc-cni/ipam';
import { assignedBlocks, blocksOf } from './blocks.ts';
import type { ObservedEni } from './ports.ts';

type KnownEnis = ReadonlyMap<EniId, EniSnapshot>;

/** ENIs on which instance metadata and the address book do not agree: those it asks EC2 about. */
export function doubtful(observed: readonly ObservedEni[], known: KnownEnis): readonly EniId[] {
  const seen = new Set(observed.map(({ eniId }) => eniId));
  const differing = observed.filter((eni) => disagrees(known.get(eni.eniId), eni));
  const vanished = [...known.keys()].filter((eniId) => !seen.has(eniId));
  return [...differing.map(({ eniId }) => eniId), ...vanished];
}

function disagrees(known: EniSnapshot | undefined, observed: ObservedEni): boolean {
  if (known === undefined || !isSameSlot(known, observed)) return true;
  // No action is under way: what it was to give back may be gone or not.
  if (blocksOf(known).some(({ isDraining }) => isDraining)) return true;
  const held = new Set<string>(blocksOf(known).map(({ block }) => block));
  const assigned = assignedBlocks(observed);
  return held.size !== assigned.length || assigned.some((block) => !held.has(block));
}

interface Slot {
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
}

/** False when an ENI was detached and attached again elsewhere on the instance, between two looks. */
export const isSameSlot = (one: Slot, other: Slot): boolean =>
  one.deviceNumber === other.deviceNumber && one.networkCardIndex === other.networkCardIndex;
