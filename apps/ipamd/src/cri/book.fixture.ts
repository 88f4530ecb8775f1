import { AddressBook } from '@vpc-cni/ipam';

/** A book with one ENI, which has the prefix 10.0.0.16/28. */
export function createBook(): AddressBook {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-1',
    deviceNumber: 1,
    networkCardIndex: 0,
    isPrimary: false,
    routeTableId: 2,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.0.4',
    attachedAtMs: 0,
  });
  book.addPrefix('eni-1', '10.0.0.16/28');
  return book;
}

export const keyOf = (containerId: string) => ({
  networkName: 'aws-cni',
  containerId,
  interfaceName: 'eth0',
});
