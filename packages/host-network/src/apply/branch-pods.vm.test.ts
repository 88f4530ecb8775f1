import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { BranchMode, EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { askInShell, type Mirror, startMirror } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// The node of plugin-and-host-network §9. Outside is a VPC that drops what does not come from the ENI that has
// the address: the branch ENI's end of the cable is VLAN 7 of the trunk's, v7.
const NODE = '10.0.40.10';
const PEER = '10.0.99.9';
const INTERNET = '198.51.100.1';
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: NODE,
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 9001,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};
const trunk: EniLink = {
  mac: '0a:11:22:33:44:02',
  primaryAddress: '10.0.43.30',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 3,
  isTrunk: true,
};
const branchMac = '02:7f:de:ad:be:ef';

let host: TestHost;
let network: HostNetwork;
let mirrors: Mirror[];
let sgPod: PodAttachment;
let neighbour: PodAttachment;

afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  await network.close();
  host.close();
});

/** For nsenter: where it is already. */
const ownNetns = '/proc/self/ns/net';
const outside = () => `/run/netns/${host.outside}`;

/**
 * A VPC with a router, a peer and the internet, that answers for every address. Its source check is about
 * packets: the node asks for the branch ENI's router in its own name.
 */
function makeVpc(): void {
  const vpc = `ip -n ${host.outside}`;
  host.sh(`
    ${vpc} link set lo up
    for address in 10.0.32.1 ${PEER} ${INTERNET}; do ${vpc} addr add $address/32 dev lo; done
    ip netns exec ${host.outside} sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.proxy_arp=1
    ip netns exec ${host.outside} nft 'table ip vpc { chain sources {
      type filter hook prerouting priority raw;
      iifname v7 ip saddr != ${sgPod.address} drop;
      iifname eth0 ip saddr ${sgPod.address} drop; }; }'
    ${vpc} link add link eth2 name v7 type vlan id 7; ${vpc} link set v7 up
    ${vpc} route add ${NODE} dev eth0
    ${vpc} route add ${neighbour.address} via ${NODE} dev eth0 onlink
    ${vpc} route add ${sgPod.address} dev v7 src ${PEER}
    ${vpc} neigh add ${sgPod.address} lladdr ${branchMac} nud permanent dev v7`);
}

async function mirrorIn(netns: string): Promise<void> {
  mirrors.push(await startMirror(netns));
}

const twice = (answer: string) => [answer, answer];

const pings = (netns: string, destination: string) =>
  host
    .sh(`nsenter --net=${netns} ping -c 1 -W 1 ${destination} || true`)
    .includes(' 0% packet loss');

/** A node with a trunk, an ordinary pod, and a pod with security groups that is not wired yet. */
async function makeNode(mode: BranchMode): Promise<void> {
  mirrors = [];
  host = createTestHost();
  network = openHostNetwork({ linkWaitMs: 100 });
  host.addEni({ name: 'eth0', mac: settings.primaryMac, address: `${NODE}/19` });
  host.addEni({ name: 'eth2', mac: trunk.mac });
  // A strict pod's answers to the node pass through it twice. The first time, early demultiplexing would give them
  // to the socket that asked, and the kernel does not forward what has a socket.
  host.sh(`ip route add default via 10.0.32.1 dev eth0
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.default.rp_filter=1
    sysctl -qw net.ipv4.tcp_early_demux=0 net.ipv4.udp_early_demux=0`);
  await network.setUpHost({ ...settings, branchEnis: mode });
  await network.setUpEni(trunk, settings);
  const [sg = '', other = ''] = host.addPodNetns('sg', 'other');
  const trunkLinkIndex = Number.parseInt(host.sh('ip -o link show eth2'), 10);
  sgPod = {
    ...podIn(sg, mode === 'strict' ? 'vlan' : 'eni', 'sg-pod'),
    address: '10.0.42.5',
    branch: { vlanId: 7, mac: branchMac, router: '10.0.32.1', trunkLinkIndex, mode },
  };
  neighbour = podIn(other, 'eni', 'other');
}

const podIn = (netnsPath: string, prefix: string, podName: string): PodAttachment => ({
  netnsPath,
  podLinkName: 'eth0',
  hostLinkName: hostLinkName({ prefix, podNamespace: 'default', podName }),
  address: '10.0.40.77',
  routeTableId: 254,
  mtuBytes: 9001,
});

const ip = (words: string) => tidyLines(host.sh(`ip ${words}`));
const inPod = (words: string) => tidyLines(host.sh(`nsenter --net=${sgPod.netnsPath} ip ${words}`));
const settingsOf = (link: string) =>
  ['accept_ra', 'accept_redirects', 'forwarding'].map((name) =>
    readFileSync(`/proc/sys/net/ipv6/conf/${link}/${name}`, 'utf8').trim(),
  );
const everything = () => ({
  links: ip('-br link').map((line) => line.split(/[@ ]/)[0]),
  rules: [...ip('rule'), ...ip('-6 rule')],
  routes: ip('-4 route show table all'),
});

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
  beforeEach(() => makeNode(mode));

  test('is wired as ip(8) shows it, and leaves nothing behind', async () => {
    const { hostLink, rules, main, branch } = shown[mode];
    const before = everything();
    const { hostMac } = await network.setUpPod(sgPod);

    const [link, mac, vlan] = ip('-d link show vlan.eth.7');
    expect(link).toMatch(
      /^\d+: vlan\.eth\.7@eth2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 qdisc noqueue state (UP|UNKNOWN) mode DEFAULT group default qlen 1000$/, // UNKNOWN for its first moment
    );
    expect(mac).toMatch(`link/ether ${branchMac} brd ff:ff:ff:ff:ff:ff`);
    expect(vlan).toMatch('vlan protocol 802.1Q id 7 <REORDER_HDR>');
    expect(ip('-4 addr show vlan.eth.7')).toEqual([]);
    expect(settingsOf('vlan.eth.7')).toEqual(['0', '1', '0']);
    const ours = /^(0|10|20|512|1536):/;
    expect(ip('rule').filter((line) => ours.test(line))).toEqual(rules);
    expect(ip('route show table 107')).toEqual(branch);
    expect(ip('route').filter((line) => line.startsWith('10.0.42.5'))).toEqual(main);
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
    makeVpc();
    await network.setUpPod(neighbour);
    await network.setUpPod(sgPod);
    for (const netns of [outside(), sgPod.netnsPath, ownNetns]) await mirrorIn(netns);
    const fromPod = { netns: sgPod.netnsPath };
    const toPod = { host: sgPod.address };
    const seen = {
      'the peer sees': askInShell({ ...fromPod, host: PEER }),
      'the internet sees': askInShell({ ...fromPod, host: INTERNET }),
      'the node sees': askInShell({ ...fromPod, host: NODE }),
      'it sees the peer as': askInShell({ ...toPod, netns: outside() }),
      'it sees the node as': askInShell({ ...toPod, netns: ownNetns }),
      'it sees its neighbour as': askInShell({ ...toPod, netns: neighbour.netnsPath }),
    };
    expect(seen).toEqual({
      'the peer sees': twice(sgPod.address),
      'the internet sees': twice(mode === 'strict' ? sgPod.address : NODE),
      'the node sees': twice(sgPod.address),
      'it sees the peer as': twice(PEER),
      'it sees the node as': twice(NODE),
      'it sees its neighbour as': twice(neighbour.address),
    });
    // What its security groups do not see passes with the branch ENI's cable cut.
    host.sh(`ip -n ${host.outside} link set v7 down`);
    const isLocal = mode === 'standard';
    expect([pings(ownNetns, sgPod.address), pings(neighbour.netnsPath, sgPod.address)]).toEqual([
      isLocal,
      isLocal,
    ]);
  });
});
