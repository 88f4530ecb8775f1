import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { ask, type Mirror, startMirror } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// A pod with an address of each family on one secondary ENI, in a VPC that drops what comes from elsewhere.
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
const eth1 = { mac: '0a:11:22:33:44:01', routeTableId: 2 };
const eni: readonly EniLink[] = [
  { ...eth1, primaryAddress: '10.0.41.20', subnetCidr: '10.0.32.0/19' },
  { ...eth1, primaryAddress: '2600:1f14:aaa:bb00::20', subnetCidr: '2600:1f14:aaa:bb00::/64' },
];
const address = '10.0.41.99';
const secondAddress = '2600:1f14:aaa:bb00:c404::1';
const peers = { [address]: '10.0.99.9', [secondAddress]: '2600:1f14:fff::9' } as const;

let host: TestHost;
let network: HostNetwork;
let pod: PodAttachment;
let mirrors: Mirror[];

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  host.addEni({ name: 'eth1', mac: eth1.mac });
  const outside = `ip -n ${host.outside}`;
  host.sh(`
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip netns exec ${host.outside} sysctl -qw net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1
    ${outside} link set lo up
    for address in 10.0.32.1 ${Object.values(peers).join(' ')}; do ${outside} addr add $address dev lo; done
    for link in eth0 eth1; do ${outside} addr add fe80:ec2::1/64 dev $link nodad; done
    ${outside} route add 10.0.41.20 dev eth1; ${outside} route add ${address} via 10.0.41.20 dev eth1 onlink
    ${outside} route add ${eni[1]?.primaryAddress} dev eth1
    ${outside} route add ${secondAddress} via ${eni[1]?.primaryAddress} dev eth1`);
  const [netnsPath = ''] = host.addPodNetns('dual');
  pod = {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: hostLinkName({ prefix: 'eni', podNamespace: 'default', podName: 'dual' }),
    address,
    secondAddress,
    routeTableId: 2,
    mtuBytes: 1500,
  };
  network = openHostNetwork({ linkWaitMs: 100 });
  mirrors = [];
  await network.setUpHost(settings);
  for (const one of eni) await network.setUpEni(one, settings);
  // The kernel takes up to a second to notice the test's cable.
  for (const ip of ['ip', `ip -n ${host.outside}`]) {
    host.sh(`until ${ip} -6 addr show dev eth1 | grep -q 'inet6 fe80::'; do sleep 0.02; done`);
  }
});

afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  await network.close();
  host.close();
});

const all = (command: string) =>
  ['', '-6 '].flatMap((family) => tidyLines(host.sh(`ip ${family}${command}`)));

test('both families of one ENI keep to their own table', async () => {
  await network.setUpPod(pod);
  expect(
    all('rule')
      .filter((rule) => /^(512|1536|32765):/.test(rule))
      .sort(),
  ).toEqual([
    '1536: from 10.0.41.99 lookup 2',
    '1536: from 2600:1f14:aaa:bb00:c404::1 lookup 2',
    '32765: from 10.0.41.20 lookup 2',
    '32765: from 2600:1f14:aaa:bb00::20 lookup 2',
    '512: from all to 10.0.41.99 lookup main',
    '512: from all to 2600:1f14:aaa:bb00:c404::1 lookup main',
  ]);
  expect(all('route show table 2')).toEqual([
    'default via 10.0.32.1 dev eth1',
    '10.0.32.1 dev eth1 scope link',
    'fe80:ec2::1 dev eth1 metric 1024 pref medium',
    'default via fe80:ec2::1 dev eth1 metric 1024 pref medium',
  ]);
  expect(await network.checkPod(pod)).toEqual([]);
  expect(await network.repair({ settings, enis: eni, pods: [pod] })).toEqual({
    repairs: [],
    failures: [],
  });
});

test.each([address, secondAddress] as const)(
  'packets of %s go both ways, with the pod’s own address',
  async (own) => {
    await network.setUpPod(pod);
    const outside = `/run/netns/${host.outside}`;
    for (const netns of [outside, pod.netnsPath]) mirrors.push(await startMirror(netns));
    for (const transport of ['tcp', 'udp'] as const) {
      // The ENI has just come up, and its neighbours take a moment to know each other.
      const patienceMs = 5_000;
      const out = { netns: pod.netnsPath, transport, host: peers[own], patienceMs };
      const into = { netns: outside, transport, host: own, from: peers[own], patienceMs };
      expect([await ask(out), await ask(into)]).toEqual([own, peers[own]]);
    }
    const ping = `nsenter --net=${pod.netnsPath} ping -c 1 -W 1 ${peers[own]}`;
    expect(host.sh(ping)).toContain(' 0% packet loss');
  },
);

test('tear-down leaves nothing of either family', async () => {
  const before = [...all('rule'), ...all('route show table all')].toSorted();
  await network.setUpPod(pod);
  await network.tearDownPod(pod);
  await network.settled();
  expect([...all('rule'), ...all('route show table all')].toSorted()).toEqual(before);
  for (const one of eni) await network.tearDownEni(one);
  expect(all('rule').filter((rule) => rule.includes('lookup 2'))).toEqual([]);
  expect(all('route show table 2')).toEqual([]);
});
