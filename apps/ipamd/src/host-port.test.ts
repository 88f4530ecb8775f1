import { describe, expect, test } from '@jest/globals';
import type { EniLink, HostSettings } from '@vpc-cni/host-network';
import type { ObservedEni } from '@vpc-cni/pool-controller';
import { createHostPort } from './host-port.ts';
import { createMetrics } from './metrics.ts';
import { createRecordingLogger } from './recording-logger.fixture.ts';

const SUBNET_IPV6_CIDR = '2600:1f14::/64';
const eni: ObservedEni = {
  eniId: 'eni-1',
  mac: '0a:11:22:33:44:02',
  subnetId: 'subnet-1',
  subnetCidr: '10.0.32.0/19',
  primaryAddress: '10.0.43.30',
  deviceNumber: 2,
  networkCardIndex: 0,
  isPrimary: false,
  secondaryAddresses: [],
  prefixes: [],
};
const ofIpv6 = { ipv6Addresses: ['2600:1f14::30'], subnetIpv6Cidr: SUBNET_IPV6_CIDR } as const;

const settings: HostSettings = {
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
};
const { signal } = new AbortController();

/** What the kernel is given for an ENI. */
async function linkOf(
  one: ObservedEni,
  role: 'ordinary' | 'trunk',
  podFamily: 'ipv4' | 'ipv6',
): Promise<EniLink | undefined> {
  const given: EniLink[] = [];
  const network = {
    setUpEni: async (link: EniLink) => {
      given.push(link);
      return [];
    },
    tearDownEni: async () => {},
    linkNames: async () => [],
    listPods: async () => [],
    routePods: async () => {},
    tearDownPodRules: () => {},
  };
  const context = { log: createRecordingLogger([]), metrics: createMetrics('0') };
  const host = createHostPort(network, podFamily, () => settings, context);
  await host.setUpEni(one, { signal, role });
  expect(host.links()).toEqual(given);
  return given[0];
}

const inIpv4 = { primaryAddress: '10.0.43.30', subnetCidr: '10.0.32.0/19' };
const inIpv6 = { primaryAddress: '2600:1f14::30', subnetCidr: SUBNET_IPV6_CIDR };
const place = { mac: eni.mac, routeTableId: 3 };

describe('an ENI is wired by', () => {
  test.each([
    { name: 'its IPv4 address', one: eni, role: 'ordinary', family: 'ipv4', link: inIpv4 },
    {
      name: 'its IPv6 address in an IPv6 cluster',
      one: { ...eni, ...ofIpv6 },
      role: 'ordinary',
      family: 'ipv6',
      link: inIpv6,
    },
    {
      name: 'its IPv4 address as a trunk, which no rule leads to',
      one: eni,
      role: 'trunk',
      family: 'ipv4',
      link: { ...inIpv4, isTrunk: true },
    },
    {
      name: 'its IPv6 address as a trunk of an IPv6 cluster',
      one: { ...eni, ...ofIpv6 },
      role: 'trunk',
      family: 'ipv6',
      link: { ...inIpv6, isTrunk: true },
    },
    {
      name: 'what it has as a trunk of an IPv6 cluster, whose addresses nobody uses',
      one: eni,
      role: 'trunk',
      family: 'ipv6',
      link: { ...inIpv4, isTrunk: true },
    },
  ] as const)('$name', async ({ one, role, family, link }) => {
    expect(await linkOf(one, role, family)).toEqual({ ...place, ...link });
  });
});

test('an ordinary ENI of an IPv6 cluster without an IPv6 address is refused, with what to do', async () => {
  await expect(linkOf(eni, 'ordinary', 'ipv6')).rejects.toThrow(
    /eni-1 has no IPv6 address.*assign/,
  );
});
