import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { HOST_ORDER } from './host-order.ts';
import { ipv6ConfOf } from './ipv6-conf.ts';
import { decodeLinkMessage } from './link-message.ts';
import { linkSearch } from './links.ts';
import { type Netlink, openNetlink } from './netlink.ts';

let host: TestHost;
let netlink: Netlink;

beforeEach(() => {
  host = createTestHost();
  netlink = openNetlink();
});

afterEach(() => {
  netlink.close();
  host.close();
});

const confOf = (name: string) => {
  const answer = netlink.attempt(linkSearch({ name })) ?? new Uint8Array(0);
  return ipv6ConfOf(decodeLinkMessage(answer, HOST_ORDER), HOST_ORDER);
};

const fileOf = (link: string, setting: string) =>
  readFileSync(`/proc/sys/net/ipv6/conf/${link}/${setting}`, 'utf8').trim();

test.each([
  { forwarding: 0, accept_ra: 2, accept_redirects: 0 },
  { forwarding: 1, accept_ra: 0, accept_redirects: 1 },
  { forwarding: 1, accept_ra: 1, accept_redirects: 0 },
])('the kernel says in its description of a link what its files say: %j', (settings) => {
  host.sh('ip link add veth1 type veth peer name veth2');
  for (const [name, value] of Object.entries(settings)) {
    host.sh(`echo ${value} >/proc/sys/net/ipv6/conf/veth1/${name}`);
  }
  const files = Object.keys(settings).map((name) => [name, fileOf('veth1', name)] as const);
  expect(confOf('veth1')).toEqual(new Map(files));
});

test('of a link without IPv6 it says nothing', () => {
  // Below 1280 bytes there is no IPv6, and no file.
  host.sh('ip link add veth1 type veth peer name veth2; ip link set veth1 mtu 1000');
  expect(confOf('veth1')).toEqual(new Map());
});
