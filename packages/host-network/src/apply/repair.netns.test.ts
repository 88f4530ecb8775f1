import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';
import type { DesiredNode } from './repair.ts';

// The node of plugin-and-host-network §9: eth0 primary, eth1 on device 1, a pod on either.
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
const eth1: EniLink = {
  mac: '0a:11:22:33:44:01',
  primaryAddress: '10.0.41.20',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 2,
};

let host: TestHost;
let network: HostNetwork;
let node: DesiredNode;

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  host.addEni({ name: 'eth1', mac: '0a:11:22:33:44:01' });
  network = openHostNetwork({ linkWaitMs: 100 });
  const [a = '', b = ''] = host.addPodNetns('a', 'b');
  const pods = [podOf(a, 'a', '10.0.40.77', 254), podOf(b, 'b', '10.0.41.99', 2)];
  await network.setUpHost(settings);
  await network.setUpEni(eth1, settings);
  for (const pod of pods) await network.setUpPod(pod);
  node = { settings, enis: [eth1], pods };
});

afterEach(async () => {
  await network.close();
  host.close();
});

const podOf = (
  netnsPath: string,
  podName: string,
  address: '10.0.40.77' | '10.0.41.99',
  routeTableId: number,
): PodAttachment => ({
  netnsPath,
  podLinkName: 'eth0',
  hostLinkName: hostLinkName({ prefix: 'eni', podNamespace: 'default', podName }),
  address,
  routeTableId,
  mtuBytes: 9001,
});

const [linkA, linkB] = ['a', 'b'].map((podName) =>
  hostLinkName({ prefix: 'eni', podNamespace: 'default', podName }),
);

const everything = () => ({
  rules: tidyLines(host.sh('ip rule')).toSorted(),
  routes: tidyLines(host.sh('ip -4 route show table all')).toSorted(),
  addresses: tidyLines(host.sh('ip -4 -o addr')),
  filters: tidyLines(host.sh('iptables-nft-save; nft list table ip aws-cni')).map((line) =>
    line.replace(/packets \d+ bytes \d+|\[\d+:\d+\]|^#.*/g, ''),
  ),
  loose: readFileSync('/proc/sys/net/ipv4/conf/eth0/rp_filter', 'utf8').trim(),
  mtus: tidyLines(host.sh('ip -o link')).map((line) =>
    line.replace(/.*(mtu \d+).*(UP|DOWN).*/, '$1'),
  ),
});

const connectTo = (address: string) =>
  new Promise<string>((resolve) => {
    const socket = connect({ host: address, port: 9, timeout: 3_000 });
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    socket.on('timeout', () => {
      socket.destroy();
      resolve('timeout');
    });
  });

test('a node that is as it should be needs no repair', async () => {
  expect(await network.repair(node)).toEqual({ repairs: [], failures: [] });
});

describe('repair', () => {
  test('brings back, in one pass, all that a vandal broke, and counts it', async () => {
    const before = everything();
    host.sh(`
      sysctl -qw net.ipv4.conf.eth0.rp_filter=1
      ip rule del pref 1024; ip rule del pref 512; ip rule del pref 1536; ip rule del pref 32765
      ip rule add pref 1536 from 10.0.41.99 lookup 7
      ip rule add pref 32765 from 10.0.41.20 lookup 9
      ip route del 10.0.40.77; ip route replace 10.0.41.99 dev eth0
      ip route flush table 2
      ip addr add 10.0.50.5/19 dev eth1; ip link set eth1 mtu 1500
      ip link set ${linkA} address 02:00:00:00:00:99
      ip link set ${linkB} mtu 1400; ip link set ${linkB} down
      iptables-nft -w 5 -t nat -F; iptables-nft -w 5 -t mangle -D PREROUTING 2
      nft delete table ip aws-cni
      nsenter --net=${node.pods[1]?.netnsPath} ip neigh del 169.254.1.1 dev eth0`);

    const { repairs, failures } = await network.repair(node);
    expect(failures).toEqual([]);
    expect(repairs.map(({ object }) => object)).toEqual(['host', eth1.mac, linkA, linkB]);
    expect(repairs[0]?.changes.slice(0, 2)).toEqual([
      'sysctl write net/ipv4/conf/eth0/rp_filter = 2',
      'rule add 1024: from all fwmark 0x80/0x80 lookup main',
    ]);
    expect(repairs[3]?.changes).toEqual(
      expect.arrayContaining([
        `route replace 10.0.41.99 dev ${linkB} scope link`,
        'rule add 1536: from 10.0.41.99 lookup 2',
        'rule delete 1536: from 10.0.41.99 lookup 7',
      ]),
    );
    expect(everything()).toEqual(before);
    expect(await network.repair(node)).toEqual({ repairs: [], failures: [] });
    // Through links, routes, rules and neighbour entries, both ways.
    expect(await connectTo('10.0.40.77')).toBe('ECONNREFUSED');
    expect(await connectTo('10.0.41.99')).toBe('ECONNREFUSED');
  });

  test('repairs the pod’s side where its own programs broke it', async () => {
    const inPod = `nsenter --net=${node.pods[0]?.netnsPath} sh -ec`;
    host.sh(`${inPod} 'ip route del default; ip addr flush dev eth0; ip link set eth0 down'`);
    const { repairs } = await network.repair(node);
    expect(repairs).toEqual([
      {
        object: linkA,
        changes: [
          'link change link eth0 up mtu 9001 type veth',
          'address add inet 10.0.40.77/32 scope global eth0',
          'route add 169.254.1.1 dev eth0 scope link',
          'route add default via 169.254.1.1 dev eth0',
          // The kernel forgets neighbours with a link's last address.
          expect.stringContaining('neighbour replace 169.254.1.1 dev eth0'),
        ],
      },
    ]);
    expect(await connectTo('10.0.40.77')).toBe('ECONNREFUSED');
  });

  test('leaves a pod what it has changed by itself', async () => {
    const inPod = `nsenter --net=${node.pods[0]?.netnsPath} sh -ec`;
    host.sh(`${inPod} 'ip link add tun0 type veth peer name tun1; ip link set tun0 up; ip link set eth0 mtu 1300
      ip route replace default dev tun0; ip addr add 192.0.2.1/32 dev eth0'`);
    expect(await network.repair(node)).toEqual({ repairs: [], failures: [] });
  });

  test('leaves a host link alone that belongs to the next sandbox of the pod', async () => {
    const [before] = node.pods;
    if (before === undefined) throw new Error('two pods were set up');
    const [netnsPath = ''] = host.addPodNetns('next');
    const { branch: _, ...ordinary } = before;
    await network.setUpPod({ ...ordinary, mtuBytes: 9001, netnsPath, address: '10.0.40.78' });
    // As after a PID was given to another process: the path leads to another pod.
    const [, other] = node.pods;
    const wrong = { ...before, netnsPath: other?.netnsPath ?? '' };
    const afterTakeOver = everything();
    const { repairs, failures } = await network.repair({ ...node, pods: [wrong] });
    expect(repairs).toEqual([]);
    expect(failures).toEqual([
      { object: linkA, error: expect.objectContaining({ code: 'not-a-pod-link' }) },
    ]);
    expect(everything()).toEqual(afterTakeOver);
  });

  test('leaves the MTU alone of a pod for which nobody wrote it down', async () => {
    const pods = node.pods.map(({ mtuBytes: _, ...pod }) => ({ ...pod, netnsPath: '' }));
    host.sh(`ip link set ${linkA} mtu 1400; ip link set ${linkB} down`);
    expect((await network.repair({ ...node, pods })).repairs).toEqual([
      {
        object: linkB,
        changes: expect.arrayContaining([`link change link ${linkB} up type veth`]),
      },
    ]);
    expect(host.sh(`ip link show ${linkA}`)).toContain('mtu 1400');
  });

  test('names what it cannot repair, and repairs the rest', async () => {
    host.sh(`ip link del ${linkA}; ip rule del pref 512 to 10.0.41.99; ip link del eth1`);
    const { repairs, failures } = await network.repair(node);
    expect(failures).toEqual([
      { object: eth1.mac, error: expect.objectContaining({ code: 'link-not-found' }) },
      { object: linkA, error: expect.objectContaining({ code: 'link-not-found' }) },
    ]);
    expect(repairs).toEqual([
      { object: linkB, changes: ['rule add 512: from all to 10.0.41.99 lookup main'] },
    ]);
  });

  test('needs no pod’s namespace for the host’s side', async () => {
    host.sh('ip rule del pref 512 to 10.0.40.77');
    const pods = node.pods.map((pod) => ({ ...pod, netnsPath: '' }));
    const { repairs } = await network.repair({ ...node, pods });
    expect(repairs.map(({ object }) => object)).toEqual([linkA]);
  });

  test('does not bring back a pod that is torn down meanwhile', async () => {
    const [a, b] = node.pods;
    if (a === undefined || b === undefined) throw new Error('two pods were set up');
    host.sh('ip rule del pref 512');
    const repairing = network.repair(node);
    await network.tearDownPod(b);
    const { repairs } = await repairing;
    expect(repairs.map(({ object }) => object)).not.toContain(linkB);
    await network.settled();
    const left = [host.sh('ip rule'), host.sh('ip route show table all')].join('\n');
    expect(left).not.toContain('10.0.41.99');
    expect(left).toContain('10.0.40.77');
  });
});
