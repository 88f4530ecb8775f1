import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { BranchMode, EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { openNetlink } from '../netlink/netlink.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { ask, type Mirror, startMirror } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// The node of plugin-and-host-network §9: eth2 is the trunk, device 2. Outside, VLAN 7 leads to the branch ENI.
const PEER = '10.0.99.9';
const address = '10.0.42.5';
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};
const eth2: EniLink = {
  mac: '0a:11:22:33:44:02',
  primaryAddress: '10.0.43.30',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 3,
  isTrunk: true,
};

let host: TestHost;
let network: HostNetwork;
let mirrors: Mirror[];
let netnsPath: string;

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  host.addEni({ name: 'eth2', mac: eth2.mac });
  const outside = `ip -n ${host.outside}`;
  host.sh(`
    ip route add default via 10.0.32.1 dev eth0
    sysctl -qw net.ipv4.ip_forward=1
    ${outside} link set lo up
    for address in 10.0.32.1 ${PEER}; do ${outside} addr add $address/32 dev lo; done
    ${outside} link add link eth2 name eth2.7 type vlan id 7; ${outside} link set eth2.7 up
    ${outside} route add 10.0.40.10 dev eth0
    ${outside} neigh add ${address} lladdr 02:7f:de:ad:be:ef dev eth2.7; ${outside} route add ${address} dev eth2.7`);
  network = openHostNetwork({ linkWaitMs: 100 });
  [netnsPath = ''] = host.addPodNetns('sg-pod');
  mirrors = [];
});

afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  await network.close();
  host.close();
});

// As hostLinkName gives them to default/sg-pod.
const linkNames = { strict: 'vlan23145df91e4', standard: 'eni23145df91e4' } as const;

function podIn(mode: BranchMode): PodAttachment {
  const netlink = openNetlink();
  const trunkLinkIndex = netlink.links.find({ name: 'eth2' })?.index ?? 0;
  netlink.close();
  return {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: linkNames[mode],
    address,
    routeTableId: 0,
    mtuBytes: 1500,
    branch: { vlanId: 7, mac: '02:7f:de:ad:be:ef', router: '10.0.32.1', trunkLinkIndex, mode },
  };
}

const rules = () => tidyLines(host.sh('ip rule'));
const routes = (table: string) => tidyLines(host.sh(`ip route show table ${table}`));

// In a virtual machine without hardware support everything takes ten times as long, so each test is a whole story.
const patienceMs = 5_000;

/** Both ways over both transports, as the other side sees it. */
async function expectTalk(): Promise<void> {
  const outside = `/run/netns/${host.outside}`;
  for (const netns of [outside, netnsPath]) mirrors.push(await startMirror(netns));
  for (const transport of ['tcp', 'udp'] as const) {
    const out = { netns: netnsPath, transport, host: PEER, patienceMs };
    const into = { netns: outside, transport, host: address, from: PEER, patienceMs };
    expect(await Promise.all([ask(out), ask(into)])).toEqual([address, PEER]);
  }
}

async function expectNothingLeft(pod: PodAttachment, before: readonly string[]): Promise<void> {
  // Twice on the same VLAN, as a pod that is replaced.
  await network.tearDownPod(pod);
  await network.setUpPod(pod);
  await network.tearDownPod(pod);
  await network.settled();
  expect(everything()).toEqual(before);
}

const everything = () => [
  ...rules(),
  ...tidyLines(host.sh('ip -4 route show table all')),
  ...tidyLines(host.sh('ip -br link')).map((line) => line.split(' ', 1)[0] ?? ''),
];

async function prepare(mode: BranchMode): Promise<readonly string[]> {
  await network.setUpHost({ ...settings, branchEnis: mode });
  await network.setUpEni(eth2, settings);
  return everything();
}

// plugin-and-host-network §9.4
test('a strict branch pod lives in its own table, and cannot be reached past its branch ENI', async () => {
  const before = await prepare('strict');
  const pod = podIn('strict');
  await network.setUpPod(pod);
  const [link = '', mac, vlan] = tidyLines(host.sh('ip -d link show vlan.eth.7'));
  expect(link).toMatch(/^\d+: vlan\.eth\.7@eth2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 /);
  expect(mac).toMatch(/^link\/ether 02:7f:de:ad:be:ef /);
  expect(vlan).toMatch(/^vlan protocol 802.1Q id 7 <REORDER_HDR>/);
  expect(rules()).toEqual([
    '10: from all iif vlan.eth.7 lookup 107',
    '10: from all iif vlan23145df91e4 lookup 107',
    '20: from all lookup local',
    '1024: from all fwmark 0x80/0x80 lookup main',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(routes('107')).toEqual([
    'default via 10.0.32.1 dev vlan.eth.7',
    '10.0.32.1 dev vlan.eth.7 scope link',
    '10.0.42.5 dev vlan23145df91e4 scope link',
  ]);
  expect(routes('main').join()).not.toContain(address);
  expect(routes('3')).toEqual(['default via 10.0.32.1 dev eth2', '10.0.32.1 dev eth2 scope link']);
  expect(await network.checkPod(pod)).toEqual([]);

  await expectTalk();
  // Not even the node has a way to the pod but by the VPC, which here does not lead back.
  host.sh(`ip -n ${host.outside} link set eth2.7 down`);
  const fromNode = { netns: host.inside, transport: 'tcp', host: address } as const;
  expect(await ask(fromNode)).not.toBe('10.0.40.10');
  await expectNothingLeft(pod, before);
});

test('a standard branch pod is like any other, with the VLAN for an ENI', async () => {
  const before = await prepare('standard');
  const pod = podIn('standard');
  await network.setUpPod(pod);
  expect(rules()).toEqual([
    '0: from all lookup local',
    '512: from all to 10.0.42.5 lookup main',
    '1024: from all fwmark 0x80/0x80 lookup main',
    '1536: from 10.0.42.5 lookup 107',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(routes('107')).toEqual([
    'default via 10.0.32.1 dev vlan.eth.7',
    '10.0.32.1 dev vlan.eth.7 scope link',
  ]);
  expect(routes('main')).toContain('10.0.42.5 dev eni23145df91e4 scope link');
  expect(await network.checkPod(pod)).toEqual([]);
  await expectTalk();
  await expectNothingLeft(pod, before);
});

test('a branch pod takes the place of a VLAN on another trunk, and is repaired', async () => {
  await prepare('strict');
  host.sh('ip link add link eth0 name vlan.eth.7 type vlan id 7');
  const pod = podIn('strict');
  await network.setUpPod(pod);
  expect(host.sh('ip link show vlan.eth.7')).toContain('vlan.eth.7@eth2:');
  expect(await network.checkPod(pod)).toEqual([]);

  host.sh('ip link del vlan.eth.7; ip rule del pref 10; ip rule add pref 0 lookup local');
  const all = { ...settings, branchEnis: 'strict' } as const;
  const { repairs, failures } = await network.repair({ settings: all, enis: [eth2], pods: [pod] });
  expect(failures).toEqual([]);
  expect(repairs.map(({ object }) => object)).toEqual(['host', pod.hostLinkName]);
  expect(await network.checkPod(pod)).toEqual([]);
  expect(rules().slice(0, 3).sort()).toEqual([
    '10: from all iif vlan.eth.7 lookup 107',
    '10: from all iif vlan23145df91e4 lookup 107',
    '20: from all lookup local',
  ]);
});
