import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { deriveMtus } from '../desired/derive-mtus.ts';
import type { HostSettings, PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// A VPC with jumbo frames; what lies beyond it takes 1,500 bytes.
const BEYOND = '198.51.100.1';
const mtus = deriveMtus();
const settings: HostSettings = {
  primaryMac: '0a:11:22:33:44:00',
  primaryAddress: '10.0.40.10',
  vpcCidrs: ['10.0.0.0/16'],
  vethPrefix: 'eni',
  eniMtuBytes: mtus.eniMtuBytes,
  connmark: 0x80,
  nodePortSupport: true,
  externalSnat: false,
  excludeSnatCidrs: [],
  randomizeSnat: 'prng',
};

let host: TestHost;
let network: HostNetwork;
let pod: PodAttachment;

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  const [beyond = '', netnsPath = ''] = host.addPodNetns('beyond', 'pod');
  const outside = `ip -n ${host.outside}`;
  const inBeyond = `nsenter --net=${beyond} ip`;
  host.sh(`
    sysctl -qw net.ipv4.ip_forward=1; ip netns exec ${host.outside} sysctl -qw net.ipv4.ip_forward=1
    ip route add default via 10.0.32.1
    ${outside} link set eth0 mtu 9001; ${outside} addr add 10.0.32.1/19 dev eth0
    ${outside} link add border type veth peer name border netns ${beyond.split('/').at(-1)}
    ${outside} addr add 192.0.2.1/30 dev border; ${outside} link set border up
    ${outside} route add ${BEYOND} via 192.0.2.2; ${outside} route add 10.0.40.77 via 10.0.40.10
    ${inBeyond} addr add 192.0.2.2/30 dev border; ${inBeyond} link set border up; ${inBeyond} link set lo up
    ${inBeyond} addr add ${BEYOND}/32 dev lo; ${inBeyond} route add default via 192.0.2.1`);
  network = openHostNetwork({ linkWaitMs: 100 });
  pod = {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: 'enib5faff8a083',
    address: '10.0.40.77',
    routeTableId: 254,
    mtuBytes: mtus.podMtuBytes,
  };
});

afterEach(async () => {
  await network.close();
  host.close();
});

const ping = (destination: string, payloadBytes: number) =>
  host.sh(
    `nsenter --net=${pod.netnsPath} ping -M do -c 2 -i 0.2 -W 1 -s ${payloadBytes} ${destination} 2>&1 || true`,
  );

const HEADERS = 28;

test.each([false, true])(
  'a pod sends jumbo frames in the VPC, and learns of smaller ones beyond, external SNAT %s',
  async (externalSnat) => {
    await network.setUpHost({ ...settings, externalSnat });
    await network.setUpPod(pod);
    expect(ping('10.0.32.1', mtus.podMtuBytes - HEADERS)).toContain(' 0% packet loss');
    // The refusal names the node's address where that stood for the pod's; it must find the pod all the same.
    expect(ping(BEYOND, mtus.podMtuBytes - HEADERS)).toMatch(/[Ff]rag needed.*mtu = 1500/);
    expect(ping(BEYOND, 1500 - HEADERS)).toContain(' 0% packet loss');
  },
);
