import { expect, test } from '@jest/globals';
import type { DesiredNode } from '@vpc-cni/host-network';
import { wiringView } from './wiring-view.ts';

// The node of plugin-and-host-network §9.
const node: DesiredNode = {
  settings: {
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
  },
  enis: [
    {
      mac: '0a:11:22:33:44:01',
      primaryAddress: '10.0.41.20',
      subnetCidr: '10.0.32.0/19',
      routeTableId: 2,
    },
  ],
  pods: [
    {
      netnsPath: '/run/netns/a',
      podLinkName: 'eth0',
      hostLinkName: 'enicc21c2d7785',
      address: '10.0.41.99',
      routeTableId: 2,
    },
  ],
};

test('tells what a person would look for with ip and iptables-save', () => {
  expect(wiringView(node, 'nf_tables')).toMatchObject({
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
    enis: {
      '0a:11:22:33:44:01': expect.arrayContaining([
        'default via 10.0.32.1 dev 0a:11:22:33:44:01 table 2',
        '32765: from 10.0.41.20 lookup 2',
      ]),
    },
    pods: {
      enicc21c2d7785: {
        host: expect.arrayContaining([
          '10.0.41.99 dev enicc21c2d7785 scope link',
          '512: from all to 10.0.41.99 lookup main',
          '1536: from 10.0.41.99 lookup 2',
        ]),
        pod: expect.arrayContaining(['default via 169.254.1.1 dev eth0']),
      },
    },
  });
  expect(wiringView(node, 'legacy')).toMatchObject({ nft: [] });
});
