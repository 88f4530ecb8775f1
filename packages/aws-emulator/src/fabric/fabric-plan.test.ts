import { describe, expect, test } from '@jest/globals';
import { ipv4Block } from './command-words.ts';
import {
  destinationRemovalStep,
  destinationStep,
  dhcpSteps,
  dhcpv6Steps,
  type EniPort,
  eniLinkName,
  fabricSteps,
  ipv6PortSteps,
  portSteps,
  subnetSteps,
} from './fabric-plan.ts';
import type { IpStep } from './undo.ts';

const port: EniPort = {
  eniId: 'eni-1',
  portName: 'fe1',
  mac: '02:00:00:00:00:01',
  linkName: 'eth0',
  nodeNetns: 'demo-one',
  primaryAddress: '10.0.1.10',
  subnet: ipv4Block('10.0.1.0/24'),
  hopLimit: 2,
};
const lines = (steps: readonly IpStep[]) => steps.map(({ line }) => line);

describe('an ENI', () => {
  test('is a veth into the node, with the MAC at the node and the hop limit as group of the port', () => {
    expect(lines(portSteps(port))).toEqual([
      'link add name fe1 group 1002 mtu 9001 type veth peer name eth0 netns demo-one address 02:00:00:00:00:01 mtu 9001',
      'link set dev fe1 alias eni-1 up',
      'neighbour add 10.0.1.10 lladdr 02:00:00:00:00:01 dev fe1 nud permanent',
    ]);
  });

  test('is configured in the node only as DHCP would', () => {
    expect(lines(dhcpSteps(port))).toEqual([
      'link set dev eth0 up',
      'address add 10.0.1.10/24 brd + dev eth0',
      'route add default via 10.0.1.1 dev eth0 proto dhcp src 10.0.1.10 metric 512',
    ]);
  });

  test('with IPv6 has the router beside it, and its default route leads there', () => {
    expect(lines(ipv6PortSteps(port))).toEqual([
      'address replace fe80:ec2::1/64 dev fe1 nodad',
      'neighbour replace fe80::ff:fe00:1 lladdr 02:00:00:00:00:01 dev fe1 nud permanent',
    ]);
    expect(lines(dhcpv6Steps(port, '2001:db8::10/128'))).toEqual([
      'address add 2001:db8::10/128 dev eth0 nodad',
      'route replace ::/0 via fe80:ec2::1 dev eth0 proto ra metric 512',
    ]);
  });

  test.each([
    { slot: { networkCardIndex: 0, deviceIndex: 0 }, name: 'eth0' },
    { slot: { networkCardIndex: 0, deviceIndex: 3 }, name: 'eth3' },
    { slot: { networkCardIndex: 2, deviceIndex: 1 }, name: 'eth21' },
  ])('is $name at $slot', ({ slot, name }) => {
    expect(eniLinkName(slot)).toBe(name);
  });
});

describe('a destination', () => {
  const cases = [
    {
      name: 'the primary address, directly',
      cidr: '10.0.1.10/32',
      line: 'route add 10.0.1.10/32 dev fe1 src 10.0.1.1',
    },
    {
      name: 'a secondary address, by way of the primary',
      cidr: '10.0.1.11/32',
      line: 'route add 10.0.1.11/32 via 10.0.1.10 dev fe1 onlink src 10.0.1.1',
    },
    {
      name: 'a prefix, by way of the primary',
      cidr: '10.0.1.16/28',
      line: 'route add 10.0.1.16/28 via 10.0.1.10 dev fe1 onlink src 10.0.1.1',
    },
    {
      name: 'IPv6, by way of the address that the ENI gives itself',
      cidr: '2001:db8:0:1:5::/80',
      line: 'route add 2001:db8:0:1:5::/80 via fe80::ff:fe00:1 dev fe1',
    },
  ];

  test.each(cases)('is routed: $name', ({ cidr, line }) => {
    const removal = `route delete ${cidr} dev fe1`;
    expect(destinationStep(port, cidr)).toEqual({ line, undo: { kind: 'ip', line: removal } });
    expect(destinationRemovalStep(port, cidr)).toEqual({
      line: removal,
      undo: { kind: 'ip', line },
    });
  });
});

test('a subnet owns its router and its resolver', () => {
  expect(lines(subnetSteps(ipv4Block('10.0.32.0/19')))).toEqual([
    'address add 10.0.32.1/32 dev lo scope global',
    'address add 10.0.32.2/32 dev lo scope global',
  ]);
});

test('every block of the VPC is unreachable until an ENI has an address of it', () => {
  const plan = {
    gatewayNetns: 'demo-gateway',
    internetNetns: 'demo-internet',
    vpcCidrs: ['10.0.0.0/16', '100.64.0.0/16'],
    internetAddress: '198.51.100.1',
    publicCidr: '203.0.113.0/24',
  };
  expect(lines(fabricSteps(plan))).toEqual(
    expect.arrayContaining([
      'route add unreachable 10.0.0.0/16',
      'route add unreachable 100.64.0.0/16',
    ]),
  );
});
