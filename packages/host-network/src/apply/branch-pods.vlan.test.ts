import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { tidyLines } from '../netns-test-host.ts';
import { askInShell, type Mirror, startMirror } from '../talk.fixture.ts';
import {
  addIpv6Side,
  BRANCH_MAC,
  type BranchNode,
  createBranchNode,
  dualStackPod,
  INTERNET,
  ipv4,
  ipv6,
  makeIpv6Vpc,
  makeVpc,
} from './branch-node.fixture.ts';

// In a virtual machine without hardware support everything takes ten times as long, so each test is a whole story.
let node: BranchNode;

afterEach(() => node.close());

const ip = (words: string) => tidyLines(node.host.sh(`ip ${words}`));
const inPod = (words: string) =>
  tidyLines(node.host.sh(`nsenter --net=${node.sgPod.netnsPath} ip ${words}`));
const pings = (netns: string, destination: string) =>
  node.host
    .sh(`nsenter --net=${netns} ping -c 1 -W 1 ${destination} || true`)
    .includes(' 0% packet loss');
const outside = () => `/run/netns/${node.host.outside}`;
const linkSettings = (link: string) =>
  ['accept_ra', 'accept_redirects', 'forwarding'].map((name) =>
    readFileSync(`/proc/sys/net/ipv6/conf/${link}/${name}`, 'utf8').trim(),
  );
const everything = () => ({
  links: ip('-br link').map((line) => line.split(/[@ ]/)[0]),
  rules: [...ip('rule'), ...ip('-6 rule')],
  routes: ip('-4 route show table all'),
  ipv6Routes: ip('-6 route show table all').filter((line) => /vlan|eni/.test(line)),
});
const podRules = (words = '') =>
  ip(`${words} rule`).filter((line) => /^(0|10|20|512|1536):/.test(line));

// plugin-and-host-network §9.4
const shown = {
  strict: {
    hostLink: 'vlan23145df91e4',
    rules: [
      '10: from all iif vlan.eth.7 lookup 107',
      '10: from all iif vlan23145df91e4 lookup 107',
      '20: from all lookup local',
    ],
    main: [],
    branch: [
      'default via 10.0.32.1 dev vlan.eth.7',
      '10.0.32.1 dev vlan.eth.7 scope link',
      '10.0.42.5 dev vlan23145df91e4 scope link',
    ],
  },
  standard: {
    hostLink: 'eni23145df91e4',
    rules: [
      '0: from all lookup local',
      '512: from all to 10.0.42.5 lookup main',
      '1536: from 10.0.42.5 lookup 107',
    ],
    main: ['10.0.42.5 dev eni23145df91e4 scope link'],
    branch: ['default via 10.0.32.1 dev vlan.eth.7', '10.0.32.1 dev vlan.eth.7 scope link'],
  },
};

describe.each(['strict', 'standard'] as const)('a pod with security groups, %s', (mode) => {
  let mirrors: Mirror[];

  beforeEach(async () => {
    node = await createBranchNode(mode);
    mirrors = [];
  });

  afterEach(() => {
    for (const mirror of mirrors) mirror.close();
  });

  test('is wired as ip(8) shows it, replaced on the same VLAN, and leaves nothing behind', async () => {
    const { network, sgPod } = node;
    const { hostLink, rules, main, branch } = shown[mode];
    const before = everything();
    await network.setUpPod(sgPod);
    await network.tearDownPod(sgPod);
    const { hostMac } = await network.setUpPod(sgPod);

    const [link, mac, vlan] = ip('-d link show vlan.eth.7');
    expect(link).toMatch(
      /^\d+: vlan\.eth\.7@eth2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state (UP|UNKNOWN) mode DEFAULT group default qlen 1000$/, // UNKNOWN for its first moment
    );
    expect(mac).toMatch(`link/ether ${BRANCH_MAC} brd ff:ff:ff:ff:ff:ff`);
    expect(vlan).toMatch('vlan protocol 802.1Q id 7 <REORDER_HDR>');
    expect(ip('-4 addr show vlan.eth.7')).toEqual([]);
    expect(linkSettings('vlan.eth.7')).toEqual(['0', '1', '0']);
    expect(podRules()).toEqual(rules);
    expect(ip('route show table 107')).toEqual(branch);
    expect(ip('route').filter((line) => line.startsWith(sgPod.address))).toEqual(main);
    expect(sgPod.hostLinkName).toBe(hostLink);
    expect(inPod('route')).toEqual([
      'default via 169.254.1.1 dev eth0',
      '169.254.1.1 dev eth0 scope link',
    ]);
    expect(inPod('-4 neigh')).toEqual([`169.254.1.1 dev eth0 lladdr ${hostMac} PERMANENT`]);
    expect(await network.checkPod(sgPod)).toEqual([]);

    await network.tearDownPod(sgPod);
    await network.settled();
    expect(everything()).toEqual(before);
  });

  test('reaches and is reached as its mode has it', async () => {
    const { host, network, sgPod, neighbour } = node;
    makeVpc(node);
    await network.setUpPod(neighbour);
    await network.setUpPod(sgPod);
    for (const netns of [outside(), sgPod.netnsPath, host.inside]) {
      mirrors.push(await startMirror(netns));
    }
    const fromPod = (destination: string) =>
      askInShell({ netns: sgPod.netnsPath, host: destination });
    const toPod = (netns: string) => askInShell({ netns, host: sgPod.address });
    const byTcpAndUdp = (answer: string) => [answer, answer];
    expect({
      'the peer sees': fromPod(ipv4.peer),
      'the internet sees': fromPod(INTERNET),
      'the node sees': fromPod(ipv4.node),
      'it sees the peer as': toPod(outside()),
      'it sees the node as': toPod(host.inside),
      'it sees its neighbour as': toPod(neighbour.netnsPath),
    }).toEqual({
      'the peer sees': byTcpAndUdp(sgPod.address),
      'the internet sees': byTcpAndUdp(mode === 'strict' ? sgPod.address : ipv4.node),
      'the node sees': byTcpAndUdp(sgPod.address),
      'it sees the peer as': byTcpAndUdp(ipv4.peer),
      'it sees the node as': byTcpAndUdp(ipv4.node),
      'it sees its neighbour as': byTcpAndUdp(neighbour.address),
    });
    // What does not pass its security groups passes with the branch ENI's cable cut.
    host.sh(`ip -n ${host.outside} link set v7 down`);
    const isLocal = mode === 'standard';
    expect(pings(host.inside, sgPod.address)).toBe(isLocal);
    expect(pings(neighbour.netnsPath, sgPod.address)).toBe(isLocal);
  });
});

test.each(['strict', 'standard'] as const)(
  'a pod with security groups, %s, speaks IPv6 from its first packet',
  async (mode) => {
    node = await createBranchNode(mode, ipv6);
    const { network, sgPod } = node;
    makeIpv6Vpc(node);
    const before = everything();
    await network.setUpPod(sgPod);
    expect(pings(sgPod.netnsPath, ipv6.peer)).toBe(true);
    expect(pings(outside(), sgPod.address)).toBe(true);
    expect(podRules('-6')).toEqual(
      mode === 'strict'
        ? [
            '0: from fe80:ec2::1 ipproto ipv6-icmp lookup local',
            '10: from all iif vlan.eth.7 lookup 107',
            '10: from all iif vlan23145df91e4 lookup 107',
            '20: from all lookup local',
          ]
        : [
            '0: from all lookup local',
            `512: from all to ${sgPod.address} lookup main`,
            `1536: from ${sgPod.address} lookup 107`,
          ],
    );
    expect(await network.checkPod(sgPod)).toEqual([]);
    await network.tearDownPod(sgPod);
    await network.settled();
    expect(everything()).toEqual(before);
  },
);

test.each(['strict', 'standard'] as const)(
  'a pod with security groups, %s, speaks both families, each by the router of its own',
  async (mode) => {
    node = await createBranchNode(mode);
    const { network } = node;
    const pod = dualStackPod(node);
    makeVpc(node);
    addIpv6Side(node);
    const before = everything();
    await network.setUpPod(pod);
    expect(ip('route show table 107')).toEqual(expect.arrayContaining(shown[mode].branch));
    expect(ip('-6 route show table 107')).toEqual(
      expect.arrayContaining([
        'fe80:ec2::1 dev vlan.eth.7 metric 1024 pref medium',
        'default via fe80:ec2::1 dev vlan.eth.7 metric 1024 pref medium',
      ]),
    );
    for (const [own, peer] of [
      [ipv4.sgPod, ipv4.peer],
      [ipv6.sgPod, ipv6.peer],
    ] as const) {
      expect([own, pings(pod.netnsPath, peer)]).toEqual([own, true]);
      expect([own, pings(outside(), own)]).toEqual([own, true]);
    }
    expect(await network.checkPod(pod)).toEqual([]);
    await network.tearDownPod(pod);
    await network.settled();
    expect(everything()).toEqual(before);
  },
);

describe('the VLAN of a pod with security groups', () => {
  beforeEach(async () => {
    node = await createBranchNode('strict');
  });

  test('takes the place of one on another trunk, and is repaired', async () => {
    const { host, network, settings, trunk, sgPod } = node;
    host.sh('ip link add link eth0 name vlan.eth.7 type vlan id 7');
    await network.setUpPod(sgPod);
    expect(host.sh('ip link show vlan.eth.7')).toContain('vlan.eth.7@eth2:');
    expect(await network.checkPod(sgPod)).toEqual([]);

    host.sh('ip link del vlan.eth.7; ip rule del pref 10; ip rule add pref 0 lookup local');
    const { repairs, failures } = await network.repair({ settings, enis: [trunk], pods: [sgPod] });
    expect(failures).toEqual([]);
    expect(repairs.map(({ object }) => object)).toEqual(['host', sgPod.hostLinkName]);
    expect(await network.checkPod(sgPod)).toEqual([]);
    expect(podRules().toSorted()).toEqual(shown.strict.rules);
  });

  test('is checked also where others made it, and nobody knows on what', async () => {
    const { host, network, sgPod } = node;
    await network.setUpPod(sgPod);
    const { mac: _, trunkLinkIndex: __, ...branch } = sgPod.branch;
    const foreign = { ...sgPod, branch };
    expect(await network.checkPod(foreign)).toEqual([]);
    host.sh('ip rule del pref 10 iif vlan.eth.7');
    expect(await network.checkPod(foreign)).toEqual([
      'host: 10: from all iif vlan.eth.7 lookup 107',
    ]);
    host.sh('ip link del vlan.eth.7');
    expect(await network.checkPod(foreign)).toContain('host: link vlan.eth.7 up type vlan');
  });

  test('has the trunk’s MTU, though the pod’s is greater', async () => {
    const { host, network, settings, trunk, sgPod } = node;
    await network.setUpEni(trunk, { ...settings, eniMtuBytes: 1500 });
    await network.setUpPod(sgPod);
    expect(host.sh('ip link show vlan.eth.7')).toContain('mtu 1500');
    expect(host.sh(`ip link show ${sgPod.hostLinkName}`)).toContain('mtu 9001');
    expect(await network.checkPod(sgPod)).toEqual([]);
  });

  test('goes with all the rest when the kernel refuses the pod', async () => {
    const { host, network, sgPod } = node;
    const before = everything();
    host.sh(
      `nsenter --net=${sgPod.netnsPath} sh -c 'ip link set lo up; ip route add default dev lo'`,
    );
    await expect(network.setUpPod(sgPod)).rejects.toMatchObject({ code: 'kernel-refused' });
    expect(everything()).toEqual(before);
  });
});
