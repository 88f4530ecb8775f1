import { expect, test } from '@jest/globals';
import type { EniTruth } from '@vpc-cni/eni-allocator';
import { AddressBook } from '@vpc-cni/ipam';
import { holdsStranded } from './leak-sweep.ts';

/** A pod holds 10.0.0.16, and the ENI that had it is gone. */
function bookWithStrandedPod(): AddressBook {
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
  book.reserve({ networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' }, {}, 0);
  book.loseEni('eni-1');
  return book;
}

const eni = (has: Partial<EniTruth>): EniTruth => ({
  eniId: 'eni-9',
  mac: '02:00:00:00:00:09',
  subnetId: 'subnet-1',
  primaryAddress: '10.0.0.9',
  secondaryAddresses: [],
  prefixes: [],
  ipv6Addresses: [],
  ipv6Prefixes: [],
  status: 'available',
  description: '',
  tags: {},
  securityGroupIds: [],
  interfaceType: 'interface',
  ...has,
});

test.each([
  ['has the address of a pod', { secondaryAddresses: ['10.0.0.16'] }, true],
  ['has the prefix of a pod', { prefixes: ['10.0.0.16/28'] }, true],
  ['has others', { secondaryAddresses: ['10.0.0.17'], prefixes: ['10.0.0.32/28'] }, false],
] as const)(
  'an ENI attached nowhere that %s is spared only if a pod needs it',
  (_, has, isKept) => {
    expect(holdsStranded(bookWithStrandedPod(), eni(has))).toBe(isKept);
  },
);
