import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hostLinkName } from '../desired/host-link-name.ts';
import type { EniLink, HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { ask, type Mirror, startMirror, type Transport } from '../talk.fixture.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// The node of plugin-and-host-network §9 in a VPC that drops what does not come from the ENI that has the
// address. Beside the VPC's router, the namespace outside has a peer in the VPC and one on the internet.
const NODE = '10.0.40.10';
const PEER = '10.0.99.9';
const INTERNET = '198.51.100.1';
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: NODE,
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: 1500,
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
const pods = {
  primary: { address: '10.0.40.77', routeTableId: 254 },
  secondary: { address: '10.0.41.99', routeTableId: 2 },
} as const;
type PodPlace = keyof typeof pods;
const transports: readonly Transport[] = ['tcp', 'udp'];
const places: readonly PodPlace[] = ['primary', 'secondary'];

let host: TestHost;
let network: HostNetwork;
let mirrors: Mirror[];
let attachments: Record<PodPlace, PodAttachment>;

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: `${NODE}/19` });
  host.addEni({ name: 'eth1', mac: eth1.mac });
  const outside = `ip -n ${host.outside}`;
  host.sh(`
    ip route add default via 10.0.32.1 dev eth0
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.eth0.rp_filter=1 net.ipv4.conf.eth1.rp_filter=1
    ${outside} link set lo up
    for address in 10.0.32.1 ${PEER} ${INTERNET}; do ${outside} addr add $address/32 dev lo; done
    for link in eth0 eth1; do ip netns exec ${host.outside} sysctl -qw net.ipv4.conf.$link.rp_filter=1; done
    ${outside} route add ${NODE} dev eth0; ${outside} route add 10.0.41.20 dev eth1
    ${outside} route add ${pods.primary.address} via ${NODE} dev eth0 onlink
    ${outside} route add ${pods.secondary.address} via 10.0.41.20 dev eth1 onlink`);
  network = openHostNetwork({ linkWaitMs: 100 });
  const [primary = '', secondary = ''] = host.addPodNetns('primary', 'secondary');
  attachments = { primary: podAt('primary', primary), secondary: podAt('secondary', secondary) };
  mirrors = [];
});

afterEach(async () => {
  for (const mirror of mirrors) mirror.close();
  await network.close();
  host.close();
});

const podAt = (place: PodPlace, netnsPath: string): PodAttachment => ({
  ...pods[place],
  netnsPath,
  podLinkName: 'eth0',
  hostLinkName: hostLinkName({ prefix: 'eni', podNamespace: 'default', podName: place }),
  mtuBytes: 1500,
});

const outside = () => `/run/netns/${host.outside}`;

async function wireNode(other: Partial<HostSettings> = {}): Promise<void> {
  const all = { ...settings, ...other };
  await network.setUpHost(all);
  await network.setUpEni(eth1, all);
  for (const place of places) await network.setUpPod(attachments[place]);
}

async function mirrorIn(netns: string): Promise<void> {
  mirrors.push(await startMirror(netns));
}

/** By which address the peer sees a pod that asks, over each transport. */
const seenBy = (peer: string, place: PodPlace) =>
  Promise.all(
    transports.map((transport) =>
      ask({ netns: attachments[place].netnsPath, transport, host: peer }),
    ),
  );
const twice = (answer: string) => [answer, answer];

describe.each(['nft', 'legacy'] as const)('packets of pods, with iptables-%s', (backend) => {
  beforeEach(() => {
    host.sh(`iptables-${backend} -w 5 -t mangle -N KUBE-KUBELET-CANARY`);
  });

  test.each(places)(
    'of the %s ENI keep their address in the VPC, and get the node’s outside',
    async (place) => {
      await wireNode();
      await mirrorIn(outside());
      expect(await seenBy(PEER, place)).toEqual(twice(pods[place].address));
      expect(await seenBy(INTERNET, place)).toEqual(twice(NODE));
    },
  );

  test.each([
    { name: 'external SNAT', other: { externalSnat: true } },
    { name: 'an exclusion of everything', other: { excludeSnatCidrs: ['0.0.0.0/0'] } },
    { name: 'an exclusion of the destination', other: { excludeSnatCidrs: ['198.51.100.0/24'] } },
    { name: 'a VPC CIDR for it', other: { vpcCidrs: ['10.0.0.0/16', '198.51.100.0/24'] } },
  ] as const)('keep their address outside with $name', async ({ other }) => {
    await wireNode(other);
    await mirrorIn(outside());
    for (const place of places) {
      expect(await seenBy(INTERNET, place)).toEqual(twice(pods[place].address));
    }
  });

  test('follow settings that change under running pods', async () => {
    await wireNode();
    await mirrorIn(outside());
    await network.setUpHost({ ...settings, vpcCidrs: ['10.0.0.0/16', '198.51.100.0/24'] });
    expect(await seenBy(INTERNET, 'secondary')).toEqual(twice(pods.secondary.address));
    await network.setUpHost(settings);
    expect(await seenBy(INTERNET, 'secondary')).toEqual(twice(NODE));
  });

  test('reach pods of this node and are reached by the VPC', async () => {
    await wireNode();
    for (const place of places) await mirrorIn(attachments[place].netnsPath);
    expect(await seenBy(pods.primary.address, 'secondary')).toEqual(twice(pods.secondary.address));
    for (const transport of transports) {
      for (const place of places) {
        const { address } = pods[place];
        const question = { netns: outside(), transport, host: address, from: PEER };
        expect(await ask(question)).toBe(PEER);
      }
    }
  });

  describe('of node ports', () => {
    // As kube-proxy does for a service with externalTrafficPolicy: Local.
    const openNodePorts = (nodeAddress: string) => {
      for (const transport of transports) {
        for (const [port, { address }] of [
          [30_080, pods.primary],
          [30_081, pods.secondary],
        ] as const) {
          host.sh(
            `iptables-${backend} -w 5 -t nat -A PREROUTING -d ${nodeAddress} -p ${transport} --dport ${port} -j DNAT --to-destination ${address}:8080`,
          );
        }
      }
    };
    const answersAt = async (nodeAddress: string) => {
      const questions = [30_080, 30_081].flatMap((port) =>
        [PEER, INTERNET].flatMap((from) =>
          transports.map((transport) => ({
            netns: outside(),
            transport,
            host: nodeAddress,
            port,
            from,
          })),
        ),
      );
      const answers = await Promise.all(questions.map(ask));
      return answers.map((answer, index) => (answer === questions[index]?.from ? 'seen' : answer));
    };
    const allOf = (answer: string) => Array.from({ length: 8 }, () => answer);

    test.each([false, true])(
      'return by the primary ENI they came in by, external SNAT %s',
      async (externalSnat) => {
        await wireNode({ externalSnat });
        for (const place of places) await mirrorIn(attachments[place].netnsPath);
        openNodePorts(NODE);
        expect(await answersAt(NODE)).toEqual(allOf('seen'));
      },
    );

    test('are lost without marks where pod and request are on different ENIs', async () => {
      await wireNode();
      for (const place of places) await mirrorIn(attachments[place].netnsPath);
      openNodePorts(eth1.primaryAddress);
      const answers = await answersAt(eth1.primaryAddress);
      expect(answers.slice(0, 4)).toEqual(allOf('no answer').slice(0, 4));
    });

    test('return by whatever ENI they came in by, where marks tell', async () => {
      await wireNode({ eniMarkMask: 0x7f00 });
      for (const place of places) await mirrorIn(attachments[place].netnsPath);
      openNodePorts(NODE);
      openNodePorts(eth1.primaryAddress);
      expect(await answersAt(NODE)).toEqual(allOf('seen'));
      expect(await answersAt(eth1.primaryAddress)).toEqual(allOf('seen'));
    });
  });

  test('leave nothing behind when the node is taken apart', async () => {
    await wireNode({ eniMarkMask: 0x7f00 });
    expect(host.sh('ip rule')).toContain('fwmark 0x100/0x7f00 lookup 2');
    expect(host.sh(`iptables-${backend}-save`)).toContain('-i eth1 -m comment');
    for (const place of places) await network.tearDownPod(attachments[place]);
    await network.tearDownEni(eth1);
    await network.settled();
    expect(host.sh(`iptables-${backend}-save`)).not.toContain('eth1');
    await network.setUpHost({ ...settings, externalSnat: true, nodePortSupport: false });
    expect(host.sh('ip rule').trim().split('\n')).toHaveLength(3);
    const left = host.sh(`iptables-${backend}-save`).match(/AWS[^\s"]*/g);
    expect(left).toEqual(['AWS-SNAT-CHAIN-0']);
  });
});
