import {
  type AddressBook,
  type Ec2Block,
  type EniId,
  type EniSnapshot,
  isPrefix,
} from '@vpc-cni/ipam';
import type { ObservedEni } from './ports.ts';

/** A block of the address book: an address, or a prefix as a whole. */
export interface BookBlock {
  readonly block: Ec2Block;
  /** A pod holds an address of it. */
  readonly isReserved: boolean;
  /** Promised to EC2. */
  readonly isDraining: boolean;
}

/** What the address book has of an ENI. */
export const blocksOf = ({ addresses, prefixes }: EniSnapshot): readonly BookBlock[] => [
  ...addresses.map(({ address, state }) => ({
    block: address,
    isReserved: state === 'reserved',
    isDraining: state === 'draining',
  })),
  ...prefixes.map(({ prefix, reservedCount, isDraining }) => ({
    block: prefix,
    isReserved: reservedCount > 0,
    isDraining,
  })),
];

/** What EC2 or instance metadata says that an ENI has. */
export const assignedBlocks = ({
  secondaryAddresses,
  prefixes,
}: Pick<ObservedEni, 'secondaryAddresses' | 'prefixes'>): readonly Ec2Block[] => [
  ...secondaryAddresses,
  ...prefixes,
];

export function addBlock(book: AddressBook, eniId: EniId, block: Ec2Block): void {
  if (isPrefix(block)) book.addPrefix(eniId, block);
  else book.addAddress(eniId, block);
}

/** EC2 has taken it back; nobody holds anything of it. */
export function removeBlock(book: AddressBook, eniId: EniId, block: Ec2Block): void {
  if (isPrefix(block)) book.removePrefix(eniId, block);
  else book.removeAddress(eniId, block);
}

/** EC2 no longer assigns it, whoever holds something of it. */
export function loseBlock(book: AddressBook, eniId: EniId, block: Ec2Block): void {
  if (isPrefix(block)) book.losePrefix(eniId, block);
  else book.loseAddress(eniId, block);
}
