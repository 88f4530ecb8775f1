import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { ask, type Mirror, startMirror } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

const NODE = { ipv4: '10.0.40.10', ipv6: '2600:1f14:aaa:bb00::10' } as const;
const INTERNET = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' } as const;
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: NODE.ipv6,
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};
// A cluster's family, and its pods' way out in the other one.
const clusters = {
  ipv6: {
    settings: { ...settings, egressAddress: NODE.ipv4 },
    own: { address: '2600:1f14:aaa:bb00:c404::1', hostLinkName: 'enicc21c2d7785' },
    egress: { address: '169.254.172.2', podLinkName: 'v4if0' },
  },
  ipv4: {
    settings: { ...settings, primaryAddress: NODE.ipv4, egressAddress: NODE.ipv6 },
    own: { address: '10.0.40.77', hostLinkName: 'enicc21c2d7785' },
    egress: { address: 'fd00::ac:2', podLinkName: 'v6if0' },
  },
} as const;
type Family = keyof typeof clusters;
const otherThan = { ipv4: 'ipv6', ipv6: 'ipv4' } as const;

let host: TestHost;
let network: HostNetwork;
let mirrors: Mirror[];
let netnsPath: string;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: `${NODE.ipv4}/19` });
  const outside = `ip -n ${host.outside}`;
  // Outside knows the node's addresses and no others: what is not translated gets no answer.
  host.sh(`
    ip addr add ${NODE.ipv6}/64 dev eth0 nodad
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ${outside} link set lo up
    ${outside} addr add 10.0.32.1/19 dev eth0; ${outside} addr add 2600:1f14:aaa:bb00::1/64 dev eth0 nodad
    for address in ${INTERNET.ipv4} ${INTERNET.ipv6}; do ${outside} addr add $address dev lo; done
    ip route add default via 10.0.32.1; ip -6 route add default via 2600:1f14:aaa:bb00::1
    until ip -6 addr show dev eth0 | grep -q 'scope link'; do sleep 0.02; done`);
  network = openHostNetwork({ linkWaitMs: 100 });
  [netnsPath = ''] = host.addPodNetns('a');
  mirrors = [];
});

afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  await network.close();
  host.close();
});

const linksOf = (family: Family): readonly PodAttachment[] => {
  const { own, egress } = clusters[family];
  const common = { netnsPath, routeTableId: 254, mtuBytes: 1500 };
  return [
    { ...common, ...own, podLinkName: 'eth0' },
    { ...common, ...egress, hostLinkName: 'veth1a2b3c4d', isEgress: true },
  ];
};

const inPod = (command: string) => tidyLines(host.sh(`nsenter --net=${netnsPath} ${command}`));
const lines = (command: string) => tidyLines(host.sh(command));
const nat = (program: string) => lines(`${program}-save -t nat`).filter((l) => l.startsWith('-A'));

async function wire(family: Family): Promise<void> {
  await network.setUpHost(clusters[family].settings);
  for (const link of linksOf(family)) await network.setUpPod(link);
}

// plugin-and-host-network §9.5
test('a pod of an IPv6 cluster leaves in IPv4 as ip(8) shows it', async () => {
  await wire('ipv6');
  expect(inPod('ip -4 -o addr show v4if0')).toEqual([
    expect.stringContaining('inet 169.254.172.2/22 brd 169.254.175.255 scope global v4if0'),
  ]);
  expect(inPod('ip route')).toEqual([
    'default via 169.254.172.1 dev v4if0',
    '169.254.172.0/22 via 169.254.172.1 dev v4if0 src 169.254.172.2',
    '169.254.172.1 dev v4if0 scope link src 169.254.172.2',
  ]);
  expect(lines('ip -4 -o addr show veth1a2b3c4d')).toEqual([
    expect.stringContaining('inet 169.254.172.1/32 scope link veth1a2b3c4d'),
  ]);
  expect(lines('ip route')).toContain('169.254.172.2 dev veth1a2b3c4d scope link');
  expect(nat('iptables-nft')).toEqual([
    '-A POSTROUTING -s 169.254.172.0/22 ! -d 224.0.0.0/4 -m comment --comment "AWS, pod egress" -j SNAT --to-source 10.0.40.10 --random-fully',
  ]);
});

test('a pod of an IPv4 cluster leaves in IPv6', async () => {
  await wire('ipv4');
  expect(inPod('ip -6 route').filter((route) => !route.startsWith('fe80::/64'))).toEqual([
    'fd00::ac:0/118 dev v6if0 proto kernel metric 256 pref medium',
    'fe80::1 dev v6if0 metric 1024 pref medium',
    'default via fe80::1 dev v6if0 metric 1024 pref medium',
  ]);
  expect(lines('ip -6 route')).toContain('fd00::ac:2 dev veth1a2b3c4d metric 1024 pref medium');
  expect(nat('ip6tables-nft')).toEqual([
    '-A POSTROUTING -s fd00::ac:0/118 ! -d ff00::/8 -m comment --comment "AWS, pod egress" -j SNAT --to-source 2600:1f14:aaa:bb00::10 --random-fully',
  ]);
});

describe.each(['ipv6', 'ipv4'] as const)('egress of pods in an %s cluster', (family) => {
  const other = otherThan[family];

  test('is seen outside under the node’s address, at once', async () => {
    await wire(family);
    mirrors.push(await startMirror(`/run/netns/${host.outside}`));
    for (const transport of ['tcp', 'udp'] as const) {
      expect(await ask({ netns: netnsPath, transport, host: INTERNET[other] })).toBe(NODE[other]);
    }
  });

  test('is checked and repaired with the rest', async () => {
    await wire(family);
    const pods = linksOf(family);
    for (const pod of pods) expect(await network.checkPod(pod)).toEqual([]);
    const node = { settings: clusters[family].settings, enis: [], pods };
    expect(await network.repair(node)).toEqual({ repairs: [], failures: [] });
    inPod(`ip -${other === 'ipv4' ? 4 : 6} route del default`);
    host.sh('iptables-nft -w 5 -t nat -F POSTROUTING; ip6tables-nft -w 5 -t nat -F POSTROUTING');
    const { repairs } = await network.repair(node);
    expect(repairs.map(({ object }) => object)).toEqual(['host', 'veth1a2b3c4d']);
    for (const pod of pods) expect(await network.checkPod(pod)).toEqual([]);
  });

  test('cannot be reached from other nodes', async () => {
    await wire(family);
    mirrors.push(await startMirror(netnsPath));
    const { address } = clusters[family].egress;
    host.sh(`ip -n ${host.outside} route add ${address} via ${NODE[other]} dev eth0`);
    const question = {
      netns: `/run/netns/${host.outside}`,
      transport: 'tcp',
      host: address,
      // The kernel sends one such refusal a second in IPv6.
      patienceMs: 5_000,
    } as const;
    expect(await ask(question)).toBe('ECONNREFUSED');
  });

  test('leaves nothing behind', async () => {
    await network.setUpHost(clusters[family].settings);
    const everything = () =>
      ['rule', '-6 rule', 'route', '-6 route', '-br link'].map((what) => lines(`ip ${what}`));
    const before = everything();
    for (const link of linksOf(family)) await network.setUpPod(link);
    for (const link of linksOf(family)) await network.tearDownPod(link);
    await network.settled();
    expect(everything()).toEqual(before);
    const { egressAddress: _, ...without } = clusters[family].settings;
    await network.setUpHost(without);
    expect([...nat('iptables-nft'), ...nat('ip6tables-nft')].join()).not.toContain('egress');
  });
});
