import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { awaitLink } from '../apply/await-link.ts';
import { systemClock } from '../apply/clock.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import type { LinkEvent, LinkWatch } from './link-watch.ts';
import { type Netlink, openNetlink } from './netlink.ts';

let host: TestHost;
let netlink: Netlink;
let watch: LinkWatch | undefined;
let events: LinkEvent[];

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00' });
  netlink = openNetlink();
  events = [];
});

afterEach(async () => {
  watch?.close();
  await watch?.ended;
  netlink.close();
  host.close();
});

const words = (event: LinkEvent) =>
  event.kind === 'resync' ? event.kind : `${event.kind} ${event.link.name}`;
const seen = () => [...new Set(events.map(words))];
const openFiles = () => readdirSync('/proc/self/fd').length;

async function until(isTrue: () => boolean): Promise<void> {
  for (let pause = 0; !isTrue(); pause += 1) {
    if (pause > 500) throw new Error(`not seen within 5 s; seen: ${seen().join(', ')}`);
    await systemClock.sleep(10);
  }
}

test('links appear, change and vanish as they do', async () => {
  watch = netlink.links.watch((event) => events.push(event));
  host.addEni({ name: 'eth1', mac: '0a:11:22:33:44:01' });
  host.sh('ip link set eth1 up; ip link set eth1 mtu 1400; ip link del eth1');
  await until(() => seen().includes('vanished eth1'));
  expect(seen()).toEqual(['appeared eth1', 'changed eth1', 'vanished eth1']);
  expect(events).toContainEqual({
    kind: 'changed',
    link: expect.objectContaining({ mac: '0a:11:22:33:44:01', mtuBytes: 1400, isUp: true }),
  });
});

test('a link that is moved into the namespace appears in it', async () => {
  const [path = ''] = host.addPodNetns('a');
  const pod = openNetlink({ netnsPath: path });
  watch = pod.links.watch((event) => events.push(event));
  host.sh(`ip link set eth0 netns ${path.replace('/run/netns/', '')}`);
  await until(() => seen().includes('appeared eth0'));
  pod.close();
});

test('lost events are told, and later ones arrive again', async () => {
  watch = netlink.links.watch((event) => events.push(event), { receiveBufferBytes: 4096 });
  // This thread does not read while it writes.
  for (let n = 0; n < 200; n += 1) {
    netlink.links.change({ name: 'eth0' }, { mtuBytes: 1400 + (n % 2) });
  }
  await until(() => seen().includes('resync'));
  await systemClock.sleep(50);
  events = [];
  host.sh('ip link set eth0 name ens5');
  await until(() => seen().includes('changed ens5'));
});

test('a closed watch is silent and gives its file descriptor back', async () => {
  const before = openFiles();
  const closed = netlink.links.watch((event) => events.push(event));
  expect(openFiles()).toBe(before + 1);
  closed.close();
  closed.close();
  host.sh('ip link set eth0 mtu 1400');
  await closed.ended;
  expect(events).toEqual([]);
  expect(openFiles()).toBe(before);
});

test('an ENI that is plugged in is found when it appears', async () => {
  const mac = '0a:11:22:33:44:01';
  const found = awaitLink(netlink.links, mac, { clock: systemClock, waitMs: 5_000 });
  await systemClock.sleep(30);
  host.addEni({ name: 'eth1', mac });
  expect(await found).toMatchObject({ name: 'eth1', mac });
});
