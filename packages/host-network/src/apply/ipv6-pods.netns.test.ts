import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// plugin-and-host-network §9.5 and 9.6
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '2600:1f14:aaa:bb00::10',
  vpcCidrs: [],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};
const samplePod = hostLinkName({ prefix: 'eni', podNamespace: 'default', podName: 'sample-pod' });
const address = '2600:1f14:aaa:bb00:c404::1';

let host: TestHost;
let network: HostNetwork;
let pod: PodAttachment;

beforeEach(() => {
  host = createTestHost();
  host.sh('sysctl -qw net.ipv6.conf.default.accept_dad=0');
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00' });
  host.sh('sysctl -qw net.ipv6.conf.default.accept_dad=1');
  // As the operating system and upstream's init container leave a node.
  host.sh(`
    ip -6 addr add 2600:1f14:aaa:bb00::10/64 dev eth0 nodad; ip link set eth0 up
    sysctl -qw net.ipv6.conf.all.forwarding=1
    ip -n ${host.outside} -6 addr add 2600:1f14:aaa:bb00::1/64 dev eth0 nodad
    until ip -6 addr show dev eth0 | grep -q 'scope link'; do sleep 0.02; done`);
  network = openHostNetwork({ linkWaitMs: 100 });
  const [netnsPath = ''] = host.addPodNetns('a');
  pod = {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: samplePod,
    address,
    routeTableId: 254,
    mtuBytes: 9001,
  };
});

afterEach(async () => {
  await network.close();
  host.close();
});

const rules = () => tidyLines(host.sh('ip -6 rule'));
const routes = (more = '') =>
  tidyLines(host.sh(`ip -6 route ${more}`)).filter((line) => !line.startsWith('fe80::/64'));
const inPod = (command: string) => tidyLines(host.sh(`nsenter --net=${pod.netnsPath} ${command}`));
const filters = (program: string) =>
  tidyLines(host.sh(`${program}-save`)).filter((line) => line.startsWith('-A'));
const pings = (netns: string, destination: string) =>
  tidyLines(host.sh(`nsenter --net=${netns} ping -6 -c 1 -W 1 ${destination}`)).some((line) =>
    line.includes(' 0% packet loss'),
  );

const idleRules = ['0: from all lookup local', '32766: from all lookup main'];
const markedRules = [
  '0: from all lookup local',
  '1024: from all fwmark 0x80/0x80 lookup main',
  '32766: from all lookup main',
];

describe('the host of an IPv6 cluster', () => {
  test('has the rule for marked packets, and translates nothing', async () => {
    await network.setUpHost(settings);
    expect(rules()).toEqual(markedRules);
    expect(filters('iptables-nft')).toEqual([
      '-A FORWARD -d 169.254.172.0/22 -m conntrack --ctstate NEW -m comment --comment "Block Node Local Pod access via IPv4" -j REJECT --reject-with icmp-port-unreachable',
    ]);
    expect(filters('ip6tables-nft')).toEqual([]);
    expect(host.sh('nft list tables')).not.toContain('aws-cni');
    expect(await network.setUpHost(settings)).toEqual([]);
  });

  test('moves the rule to the local table for strict pods, and back', async () => {
    await network.setUpHost({ ...settings, branchEnis: 'strict' });
    expect(rules()).toEqual([
      '0: from fe80:ec2::1 ipproto ipv6-icmp lookup local',
      '20: from all lookup local',
      '1024: from all fwmark 0x80/0x80 lookup main',
      '32766: from all lookup main',
    ]);
    expect(await network.setUpHost({ ...settings, branchEnis: 'strict' })).toEqual([]);
    await network.setUpHost(settings);
    expect(rules()).toEqual(markedRules);
  });
});

describe('an IPv6 pod on the primary ENI', () => {
  test('is wired as ip(8) shows it', async () => {
    const { hostMac } = await network.setUpPod(pod);
    expect(rules()).toEqual([
      '0: from all lookup local',
      `512: from all to ${address} lookup main`,
      '32766: from all lookup main',
    ]);
    expect(routes()).toContain(`${address} dev ${samplePod} metric 1024 pref medium`);
    const settingOf = (name: string) =>
      readFileSync(`/proc/sys/net/ipv6/conf/${samplePod}/${name}`, 'utf8').trim();
    expect(['accept_ra', 'accept_redirects', 'forwarding'].map(settingOf)).toEqual(['0', '1', '0']);

    const [, ...lines] = inPod('ip -6 addr show eth0');
    const addresses = lines.filter((line) => line.startsWith('inet6'));
    // Our mark that nobody else can have the address; neither is tentative, not even the link's own.
    expect(addresses).toEqual([
      `inet6 ${address}/128 scope global nodad`,
      expect.stringMatching(/^inet6 fe80::[0-9a-f:]+\/64 scope link( proto kernel_ll)?$/),
    ]);
    expect(inPod('ip -6 route')).toEqual([
      `${address} dev eth0 proto kernel metric 256 pref medium`,
      'fe80::1 dev eth0 metric 1024 pref medium',
      'fe80::/64 dev eth0 proto kernel metric 256 pref medium',
      'default via fe80::1 dev eth0 metric 1024 pref medium',
    ]);
    expect(inPod('ip -6 neigh')).toEqual([`fe80::1 dev eth0 lladdr ${hostMac} PERMANENT`]);
    expect(await network.checkPod(pod)).toEqual([]);
    const desired = { settings, enis: [], pods: [pod] };
    await network.setUpHost(settings);
    expect(await network.repair(desired)).toEqual({ repairs: [], failures: [] });
  });

  test('can be reached, and can reach, at once: nobody waits for duplicate detection', async () => {
    // Detection takes a second, during which the first packets would be lost.
    await network.setUpPod(pod);
    expect(pings(host.inside, address)).toBe(true);
    host.sh(`ip -n ${host.outside} -6 route add ${address} via 2600:1f14:aaa:bb00::10`);
    expect(pings(`/run/netns/${host.outside}`, address)).toBe(true);
    expect(pings(pod.netnsPath, '2600:1f14:aaa:bb00::1')).toBe(true);
  });

  test('and forty of them come up as fast in a burst', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const pods = host.addPodNetns(...names).map(
      (netnsPath, index): PodAttachment => ({
        ...pod,
        netnsPath,
        hostLinkName: hostLinkName({
          prefix: 'eni',
          podNamespace: 'default',
          podName: `p${index}`,
        }),
        address: `2600:1f14:aaa:bb00:c404::${(0x100 + index).toString(16)}`,
      }),
    );
    await Promise.all(pods.map((one) => network.setUpPod(one)));
    for (const { netnsPath } of pods) {
      expect(pings(netnsPath, '2600:1f14:aaa:bb00::10')).toBe(true);
    }
  });

  test('is switched on in a namespace whose runtime switched IPv6 off', async () => {
    inPod(
      `sh -c 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1'`,
    );
    await network.setUpPod(pod);
    expect(inPod('ip -6 route')).toContain('default via fe80::1 dev eth0 metric 1024 pref medium');
  });

  test('leaves by another table when its address moves to another ENI', async () => {
    await network.setUpPod({ ...pod, routeTableId: 2 });
    await network.routePods([{ address, routeTableId: 5 }]);
    expect(rules()).toContain(`1536: from ${address} lookup 5`);
    expect(rules()).not.toContain(`1536: from ${address} lookup 2`);
  });

  test('leaves nothing behind', async () => {
    await network.setUpPod(pod);
    await network.tearDownPod(pod);
    await network.settled();
    expect(rules()).toEqual(idleRules);
    expect(routes()).toEqual([
      '2600:1f14:aaa:bb00::/64 dev eth0 proto kernel metric 256 pref medium',
    ]);
    expect(await network.linkNames()).toEqual(['lo', 'eth0']);
    expect(inPod('ip -br link')).toHaveLength(1);
  });

  test('is repaired', async () => {
    await network.setUpHost(settings);
    await network.setUpPod(pod);
    host.sh(`ip -6 rule del pref 512; ip -6 route del ${address}; ip link set ${samplePod} down`);
    inPod('ip -6 addr flush dev eth0 scope global');
    const { repairs, failures } = await network.repair({ settings, enis: [], pods: [pod] });
    expect(failures).toEqual([]);
    expect(repairs).toEqual([{ object: samplePod, changes: expect.any(Array) }]);
    expect(await network.checkPod(pod)).toEqual([]);
    expect(pings(pod.netnsPath, '2600:1f14:aaa:bb00::10')).toBe(true);
  });
});

describe('an ENI on another network card', () => {
  const eth1: EniLink = {
    mac: '0a:11:22:33:44:01',
    primaryAddress: '2600:1f14:aaa:bb00::20',
    subnetCidr: '2600:1f14:aaa:bb00::/64',
    routeTableId: 10101,
  };
  const further: EniLink = { ...eth1, isTrunk: true };

  beforeEach(() => host.addEni({ name: 'eth1', mac: eth1.mac }));

  test('has a table and a rule of its own, and no part in the main table', async () => {
    await network.setUpEni(eth1, settings);
    expect(rules()).toContain('32765: from 2600:1f14:aaa:bb00::20 lookup 10101');
    expect(routes('show table 10101')).toEqual([
      'fe80:ec2::1 dev eth1 metric 1024 pref medium',
      'default via fe80:ec2::1 dev eth1 metric 1024 pref medium',
    ]);
    expect(routes('show dev eth1')).toEqual([]);
    expect(await network.setUpEni(eth1, settings)).toEqual([]);
  });

  test('has no rule as a trunk', async () => {
    await network.setUpEni(further, settings);
    expect(rules()).toEqual(idleRules);
    expect(routes('show table 10101')).toHaveLength(2);
  });

  test('gives a pod a further interface with a table of its own', async () => {
    const second: PodAttachment = {
      ...pod,
      podLinkName: 'mNicIf1',
      hostLinkName: hostLinkName({
        prefix: 'eni',
        podNamespace: 'default',
        podName: 'sample-pod',
        index: 1,
      }),
      address: '2600:1f14:aaa:bb00:d505::1',
      routeTableId: 10101,
      interfaceIndex: 1,
    };
    await network.setUpEni(eth1, settings);
    await network.setUpPod(pod);
    const { hostMac } = await network.setUpPod(second);
    expect(rules().slice(1, -2).sort()).toEqual([
      '1536: from 2600:1f14:aaa:bb00:d505::1 lookup 10101',
      '512: from all to 2600:1f14:aaa:bb00:c404::1 lookup main',
      '512: from all to 2600:1f14:aaa:bb00:d505::1 lookup main',
    ]);
    expect(inPod('ip -6 rule')).toContain('1: from 2600:1f14:aaa:bb00:d505::1 lookup 1');
    expect(inPod('ip -6 route show table 1')).toEqual([
      'fe80::2 dev mNicIf1 metric 1024 pref medium',
      'default via fe80::2 dev mNicIf1 metric 1024 pref medium',
    ]);
    expect(inPod('ip -6 neigh show dev mNicIf1')).toEqual([`fe80::2 lladdr ${hostMac} PERMANENT`]);
    expect(await network.checkPod(second)).toEqual([]);
    expect(pings(pod.netnsPath, `-I ${second.address} 2600:1f14:aaa:bb00::10`)).toBe(true);
    for (const one of [pod, second]) await network.tearDownPod(one);
    await network.tearDownEni(eth1);
    await network.settled();
    expect(rules()).toEqual(idleRules);
    expect(inPod('ip -br link')).toHaveLength(1);
  });
});
