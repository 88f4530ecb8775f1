import { expect, test } from '@jest/globals';
import { AddressBook, type CniAttachmentKey } from '@vpc-cni/ipam';
import { wiringView } from './wiring-view.ts';

const settings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
} as const;

test('tells of host and pods what a person would look for with ip and iptables-save', () => {
  const book = new AddressBook({ addressCooldownMs: 30_000 });
  book.addEni({
    eniId: 'eni-1',
    deviceNumber: 1,
    networkCardIndex: 0,
    isPrimary: false,
    routeTableId: 2,
    subnetId: 'subnet-1',
    primaryAddress: '10.0.41.20',
    attachedAtMs: 0,
  });
  book.addAddress('eni-1', '10.0.41.99');
  const key: CniAttachmentKey = { networkName: 'aws-cni', containerId: 'a', interfaceName: 'eth0' };
  book.reserve(key, { podNamespace: 'default', podName: 'sample-pod' }, 0);

  const pods = book.reservations();
  expect(wiringView({ settings, backend: 'nf_tables', pods })).toMatchObject({
    host: [
      'link 0a:11:22:33:44:00 up mtu 9001',
      'net/ipv4/conf/0a:11:22:33:44:00/rp_filter = 2',
      '1024: from all fwmark 0x80/0x80 lookup main',
    ],
    iptables: expect.arrayContaining([
      '-A POSTROUTING -m comment --comment "AWS SNAT CHAIN" -j AWS-SNAT-CHAIN-0',
    ]),
    ip6tables: [],
    nft: expect.arrayContaining(['\t\tfib daddr type local return']),
    pods: {
      'default/sample-pod': [
        '10.0.41.99 dev enicc21c2d7785 scope link',
        '512: from all to 10.0.41.99 lookup main',
        '1536: from 10.0.41.99 lookup 2',
      ],
    },
  });
  expect(wiringView({ settings, backend: 'legacy', pods })).toMatchObject({ nft: [] });
});
