import type { AddressBook, Ec2Block, EniId, EniSnapshot } from '@vpc-cni/ipam';
import { addBlock, assignedBlocks, blocksOf, loseBlock } from './blocks.ts';
import type { Caution } from './intent-keeper.ts';
import type { EniTruth } from './ports.ts';

/** How one ENI's addresses and prefixes differ from what EC2 assigns to it. */
export interface Correction {
  readonly eniId: EniId;
  readonly added: readonly Ec2Block[];
  /** Gone, and nobody held anything of them. */
  readonly removed: readonly Ec2Block[];
  /** Gone, and held by pods. */
  readonly stranded: readonly Ec2Block[];
  /** Were to be given back, and EC2 still assigns them. */
  readonly kept: readonly Ec2Block[];
}

/** Of a recent change, EC2's word proves only what it shows and was not asked to take back. */
export function correctionOf(eni: EniSnapshot, truth: EniTruth, caution: Caution): Correction {
  const { eniId } = eni;
  const { isRecent, isPromised } = caution;
  const assigned = new Set(assignedBlocks(truth));
  const known = blocksOf(eni);
  const held = new Set(known.map(({ block }) => block));
  const added = [...assigned].filter((block) => !held.has(block) && !isPromised(block));
  if (isRecent) return { eniId, added, removed: [], stranded: [], kept: [] };
  const gone = known.filter(({ block }) => !assigned.has(block));
  return {
    eniId,
    added,
    removed: gone.filter(({ isReserved }) => !isReserved).map(({ block }) => block),
    stranded: gone.filter(({ isReserved }) => isReserved).map(({ block }) => block),
    kept: known
      .filter(({ block, isDraining }) => isDraining && assigned.has(block))
      .map(({ block }) => block),
  };
}

export const isNeeded = ({ added, removed, stranded }: Correction): boolean =>
  added.length + removed.length + stranded.length > 0;

/** The first half: an address must leave one ENI before it can be on another. */
export function takeAway({ eniId, removed, stranded }: Correction, book: AddressBook): void {
  for (const block of [...removed, ...stranded]) loseBlock(book, eniId, block);
}

/** The second half. */
export function takeOver({ eniId, added, kept }: Correction, book: AddressBook): void {
  book.undrain(eniId, kept);
  for (const block of added) addBlock(book, eniId, block);
}
