import { createSocket, type Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PodAttachment } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

let host: TestHost;
let network: HostNetwork;
let client: Socket;

const service = '10.9.9.9';
const address = '10.0.40.77';

beforeEach(async () => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  host.sh(`ip route add ${service} dev eth0
    nft 'table ip proxy { chain out { type nat hook output priority -100; }; }'
    # Keeps connections tracked while there is no endpoint, as the other rules of a node do.
    nft 'table ip track { chain out { type filter hook output priority 0; ct state invalid drop; }; }'`);
  network = openHostNetwork();
  // One socket, one source port: each datagram belongs to the same flow, as retransmissions do.
  client = createSocket('udp4');
  await new Promise<void>((resolve) => client.bind({ exclusive: true }, resolve));
});

afterEach(async () => {
  client.close();
  await network.close();
  host.close();
});

function addPod(name: string): PodAttachment {
  const [netnsPath = ''] = host.addPodNetns(name);
  return {
    netnsPath,
    podLinkName: 'eth0',
    hostLinkName: `eni-${name}`,
    address,
    routeTableId: 254,
    mtuBytes: 9001,
  };
}

const knock = () => new Promise<void>((resolve) => client.send('x', 9, service, () => resolve()));

/** What kube-proxy does for a Service with one endpoint, and when the endpoint is gone. */
const addEndpoint = () =>
  host.sh(`nft add rule ip proxy out ip daddr ${service} dnat to ${address}`);
const removeEndpoint = () => host.sh('nft flush chain ip proxy out');

/** Datagrams that reached the pod, where nobody listens. */
function received({ netnsPath }: PodAttachment): number {
  const [names = '', values = ''] = tidyLines(
    host.sh(`nsenter --net=${netnsPath} grep ^Udp: /proc/net/snmp`),
  );
  return Number(values.split(' ')[names.split(' ').indexOf('NoPorts')]);
}

describe('a flow to a pod that is gone', () => {
  test('does not reach the next holder of its address', async () => {
    const before = addPod('before');
    await network.setUpPod(before);
    addEndpoint();
    await knock();
    removeEndpoint();
    await knock();
    expect(received(before)).toBe(2); // the kernel remembers where the flow went

    await network.tearDownPod(before);
    await network.settled();
    const after = addPod('after');
    await network.setUpPod(after);
    await knock();
    expect(received(after)).toBe(0);

    addEndpoint();
    await knock();
    expect(received(after)).toBe(0); // a flow of its own by now, to the service itself
  });

  test('and that came while the address rested, does not reach its next holder', async () => {
    const before = addPod('before');
    await network.setUpPod(before);
    await network.tearDownPod(before);
    await network.settled();
    addEndpoint(); // has not heard yet
    await knock();
    removeEndpoint();

    const after = addPod('after');
    await network.setUpPod(after);
    await knock();
    expect(received(after)).toBe(0);
  });
});

test('neighbour entries of an address go with it, those of others and permanent ones stay', async () => {
  const pod = addPod('a');
  await network.setUpPod(pod);
  host.sh(`ip neigh add ${address} lladdr 02:00:00:00:00:77 nud stale dev eth0
    ip neigh add 10.0.40.78 lladdr 02:00:00:00:00:78 nud stale dev eth0
    ip neigh add 10.0.32.1 lladdr 02:00:00:00:00:01 nud permanent dev eth0`);
  await network.tearDownPod(pod);
  await network.settled();
  expect([...tidyLines(host.sh('ip -4 neigh'))].sort()).toEqual([
    '10.0.32.1 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT',
    '10.0.40.78 dev eth0 lladdr 02:00:00:00:00:78 STALE',
  ]);
});
