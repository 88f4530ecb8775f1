import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { IpAddress } from '../ip.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { type Conntrack, type ConntrackMethod, ConntrackOnSocket } from './conntrack.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { openSocket } from './open-socket.ts';

let host: TestHost;
let conntrack: Conntrack | undefined;

const pod = '10.0.40.77';
const client = '10.0.40.78';
const service = '10.9.9.9';
const pod6 = '2600:1f13::77';
const client6 = '2600:1f13::78';

beforeEach(() => {
  host = createTestHost();
  for (const address of [pod, client, '10.0.40.79', '10.0.40.10', pod6, client6]) {
    host.sh(`ip addr add ${address} dev lo${address.includes(':') ? ' nodad' : ''}`);
  }
  host.sh(`ip route add ${service} dev lo
    nft -f - <<END
    table ip nat {
      chain out { type nat hook output priority -100; ip daddr ${service} dnat to ${pod}; };
      chain post { type nat hook postrouting priority 100; ip saddr ${pod} udp dport 53 snat to 10.0.40.10; };
    }
    table inet track { chain in { type filter hook input priority 0; ct state invalid drop; }; }
END`);
});

afterEach(() => {
  conntrack?.close();
  host.close();
});

function open(method: ConntrackMethod): Conntrack {
  const socket = new NetlinkSocket(openSocket({ protocol: 'NETLINK_NETFILTER' }));
  conntrack = new ConntrackOnSocket(socket, method);
  return conntrack;
}

/** A datagram that nobody answers: the flow stays. */
const send = (from: IpAddress, to: IpAddress, port = 9) =>
  new Promise<void>((resolve, reject) => {
    const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4');
    socket.on('error', reject);
    socket.bind({ address: from, exclusive: true }, () => {
      socket.send('x', port, to, (error) => {
        socket.close();
        if (error === null) resolve();
        else reject(error);
      });
    });
  });

/** `10.0.40.78>10.9.9.9 (10.0.40.77>10.0.40.78)`: both directions, as the kernel prints them. */
const flows = () =>
  readFileSync('/proc/thread-self/net/nf_conntrack', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' udp '))
    .map((line) => {
      const [from, to, replyFrom, replyTo] = [...line.matchAll(/(?:src|dst)=(\S+)/g)].map(([, a]) =>
        // The kernel prints all 32 digits.
        a?.replace('2600:1f13:0000:0000:0000:0000:0000:00', '2600:1f13::'),
      );
      return `${from}>${to} (${replyFrom}>${replyTo})`;
    })
    .sort();

const unrelated = `${client}>10.0.40.79 (10.0.40.79>${client})`;

describe.each(['filtered-deletion', 'dump'] as const)('by %s', (method) => {
  test('flows of an address are forgotten at either end, before and after NAT', async () => {
    await send(pod, client);
    await send(client, pod);
    await send(client, service);
    await send(pod, client, 53);
    await send(client, '10.0.40.79');
    expect(flows()).toEqual(
      [
        unrelated,
        `${pod}>${client} (${client}>${pod})`,
        `${client}>${pod} (${pod}>${client})`,
        `${client}>${service} (${pod}>${client})`,
        `${pod}>${client} (${client}>10.0.40.10)`,
      ].sort(),
    );
    const tracked = open(method);
    await tracked.forget([pod]);
    expect(flows()).toEqual([unrelated]);
    await tracked.forget([pod]);
  });

  test('flows to an address are forgotten, those from it stay', async () => {
    await send(pod, client);
    await send(client, pod);
    await send(client, service);
    await open(method).forgetFlowsTo([pod]);
    expect(flows()).toEqual([`${pod}>${client} (${client}>${pod})`]);
  });

  test('flows of both families are forgotten together', async () => {
    await send(client6, pod6);
    await send(pod6, client6);
    await send(client, pod);
    await send(client, '10.0.40.79');
    expect(flows()).toHaveLength(4);
    await open(method).forget(['2600:1F13:0::77', pod]);
    expect(flows()).toEqual([unrelated]);
  });

  test('flows of many addresses are forgotten at once', async () => {
    for (let time = 0; time < 50; time += 1) await send(client, pod);
    await send(pod6, client6);
    await send(client, '10.0.40.79');
    const others = Array.from({ length: 20 }, (_, n) => `10.0.41.${n}` as const);
    await open(method).forget([...others, pod, pod6]);
    expect(flows()).toEqual([unrelated]);
  });
});
