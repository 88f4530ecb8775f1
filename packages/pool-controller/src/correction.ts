import type { AddressBook, EniId, EniSnapshot, Ipv4Address } from '@vpc-cni/ipam';
import type { EniTruth } from './ports.ts';

/** How one ENI's addresses differ from what EC2 assigns to it. */
export interface Correction {
  readonly eniId: EniId;
  readonly added: readonly Ipv4Address[];
  /** Gone, and nobody held them. */
  readonly removed: readonly Ipv4Address[];
  /** Gone, and held by pods. */
  readonly stranded: readonly Ipv4Address[];
  /** Were to be given back, and EC2 still assigns them. */
  readonly kept: readonly Ipv4Address[];
}

export function correctionOf(eni: EniSnapshot, truth: EniTruth): Correction {
  const assigned = new Set<Ipv4Address>(truth.secondaryAddresses);
  const states = new Map(eni.addresses.map(({ address, state }) => [address, state]));
  const gone = [...states.keys()].filter((address) => !assigned.has(address));
  return {
    eniId: eni.eniId,
    added: [...assigned].filter((address) => !states.has(address)),
    removed: gone.filter((address) => states.get(address) !== 'reserved'),
    stranded: gone.filter((address) => states.get(address) === 'reserved'),
    kept: [...assigned].filter((address) => states.get(address) === 'draining'),
  };
}

export const isNeeded = ({ added, removed, stranded }: Correction): boolean =>
  added.length + removed.length + stranded.length > 0;

/** The first half: an address must leave one ENI before it can be on another. */
export function takeAway({ eniId, removed, stranded }: Correction, book: AddressBook): void {
  for (const address of [...removed, ...stranded]) book.loseAddress(eniId, address);
}

/** The second half. */
export function takeOver({ eniId, added, kept }: Correction, book: AddressBook): void {
  book.undrain(eniId, kept);
  for (const address of added) book.addAddress(eniId, address);
}
