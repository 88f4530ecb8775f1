import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import type { LinkAddress } from './address.ts';
import { type Netlink, openNetlink } from './netlink.ts';
import { type Route, routeText } from './route.ts';
import { type Rule, ruleText } from './rule.ts';

let host: TestHost;
let netlink: Netlink;
let index: number;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00' });
  host.sh('ip link set eth0 up');
  netlink = openNetlink();
  index = netlink.links.find({ name: 'eth0' })?.index ?? -1;
});

afterEach(() => {
  netlink.close();
  host.close();
});

const podAddress: LinkAddress = {
  address: '2600:1f13::7',
  prefixLength: 128,
  scope: 'global',
  linkName: 'eth0',
  skipsDad: true,
};

test('an address that skips duplicate detection is usable at once', async () => {
  const { skipsDad: _, ...checkedAddress } = podAddress;
  netlink.addresses.add(podAddress, index);
  netlink.addresses.add({ ...checkedAddress, address: '2600:1f13::8' }, index);
  const shown = tidyLines(host.sh('ip -6 addr show dev eth0 scope global'));
  expect(shown).toContain('inet6 2600:1f13::7/128 scope global nodad');
  expect(shown).toContain('inet6 2600:1f13::8/128 scope global tentative');

  const listed = await netlink.addresses.list(index, 'ipv6');
  expect(listed).toContainEqual({ ...podAddress, linkName: '' });
  expect(listed).toContainEqual(
    expect.objectContaining({ address: '2600:1f13::8', dad: 'tentative' }),
  );
  expect(await netlink.addresses.list(index)).toEqual([]);

  netlink.addresses.delete(podAddress, index);
  expect(await netlink.addresses.list(index, 'ipv6')).toHaveLength(listed.length - 1);
});

test('routes are what ip(8) shows, and are listed as they were made', async () => {
  const routes: readonly Route[] = [
    { destination: 'fe80::1/128', linkName: 'eth0', tableId: 10101, scope: 'link' },
    { destination: 'default', via: 'fe80::1', linkName: 'eth0', tableId: 10101, scope: 'global' },
    {
      destination: '2600::/16',
      via: 'fe80::1',
      linkName: 'eth0',
      tableId: 10101,
      scope: 'global',
      metric: 7,
    },
  ];
  for (const route of routes) netlink.routes.add(route, index);
  const refusedTwice = () => netlink.routes.add(routes[1] as Route, index);
  expect(refusedTwice).toThrow(expect.objectContaining({ code: 'kernel-refused' }));
  for (const route of routes) netlink.routes.replace(route, index);

  const shown = tidyLines(host.sh('ip -6 route show table 10101')).map((line) =>
    line.replace(/( metric 1024)? pref medium$/, ''),
  );
  expect(shown.sort()).toEqual(routes.map((r) => routeText({ ...r, tableId: 254 })).sort());

  const listed = await netlink.routes.list(10101, index, 'ipv6');
  const { linkName: _, ...defaultRoute } = routes[1] as Route;
  expect(listed).toHaveLength(3);
  expect(listed).toContainEqual(defaultRoute);
  expect(await netlink.routes.list(10101, index)).toEqual([]);

  for (const route of routes) netlink.routes.delete(route);
  expect(await netlink.routes.list(10101, index, 'ipv6')).toEqual([]);
});

test('rules are what ip(8) shows, and are listed as they were made', async () => {
  // plugin-and-host-network §0.3: those of a pod and those of strict mode
  const rules: readonly Rule[] = [
    { priority: 0, from: 'fe80:ec2::1', ipProtocol: 58, tableId: 255 },
    { family: 'ipv6', priority: 10, inputLinkName: 'vlan.eth.7', tableId: 107 },
    { family: 'ipv6', priority: 20, tableId: 255 },
    { priority: 512, to: '2600:1f13::7', tableId: 254 },
    { family: 'ipv6', priority: 1024, mark: 0x80, tableId: 254 },
    { priority: 1536, from: '2600:1f13::7', tableId: 10101 },
  ];
  for (const rule of rules) expect(netlink.rules.ensure(rule)).toBe(true);
  for (const rule of rules) expect(netlink.rules.ensure(rule)).toBe(false);
  const shown = tidyLines(host.sh('ip -6 rule')).map((line) => line.replace(' [detached]', ''));
  expect(shown).toEqual(expect.arrayContaining(rules.map(ruleText)));
  expect(await netlink.rules.list('ipv6')).toEqual(expect.arrayContaining([...rules]));
  expect(await netlink.rules.list()).toHaveLength(3);

  for (const rule of rules) expect(netlink.rules.deleteAll(rule)).toBe(1);
  expect(await netlink.rules.list('ipv6')).toHaveLength(2);
});

describe('neighbours', () => {
  const router = { address: 'fe80::1', mac: '02:00:00:00:00:01', linkName: 'eth0' } as const;

  test('that are permanent are what ip(8) shows, and are listed as they were made', async () => {
    netlink.neighbours.add(router, index);
    expect(tidyLines(host.sh('ip -6 neigh show nud permanent'))).toEqual([
      'fe80::1 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT',
    ]);
    expect(await netlink.neighbours.list(index, 'eth0', 'ipv6')).toEqual([router]);
    netlink.neighbours.delete(router, index);
    expect(await netlink.neighbours.list(index, 'eth0', 'ipv6')).toEqual([]);
  });

  test.each([
    { family: 'ipv4', address: '10.1.0.9' },
    { family: 'ipv6', address: '2600:1f13::9' },
  ] as const)('of $family that were learned are told apart, and forgotten', async (learned) => {
    const { family, address } = learned;
    host.sh(`ip neigh add ${address} lladdr 02:00:00:00:00:09 nud stale dev eth0`);
    host.sh('ip neigh add 10.1.0.1 lladdr 02:00:00:00:00:01 nud permanent dev eth0');
    expect(await netlink.neighbours.listLearned(family)).toEqual([{ address, linkIndex: index }]);
    expect(netlink.neighbours.forget({ address, linkIndex: index })).toBe(true);
    expect(await netlink.neighbours.listLearned(family)).toEqual([]);
    expect(netlink.neighbours.forget({ address: '10.1.0.77', linkIndex: index })).toBe(false);
    expect(netlink.neighbours.forget({ address, linkIndex: 9_999 })).toBe(false);
  });
});

describe('links that not every kernel has', () => {
  /** What ip(8) makes of the same request: the kernel decides, not this test. */
  const ipCan = (words: string) => {
    try {
      host.sh(`ip link add probe0 ${words}; ip link del probe0`);
      return true;
    } catch {
      return false;
    }
  };

  test.each([
    {
      words: 'link eth0 type vlan id 7',
      module: '8021q',
      create: () =>
        netlink.links.createVlan({ name: 'v7', isUp: true, parentIndex: index, vlanId: 7 }),
      name: 'v7',
      looks: () => ({ kind: 'vlan', parentIndex: index, vlanId: 7, isUp: true }),
    },
    {
      words: 'type dummy',
      module: 'dummy',
      create: () => netlink.links.createDummy({ name: 'd7', isUp: true, mtuBytes: 1400 }),
      name: 'd7',
      looks: () => ({ kind: 'dummy', mtuBytes: 1400, isUp: true }),
    },
  ])('are made as by `ip link add $words`, or name the module $module', (link) => {
    if (ipCan(link.words)) {
      link.create();
      expect(netlink.links.find({ name: link.name })).toMatchObject(link.looks());
    } else {
      expect(link.create).toThrow(
        expect.objectContaining({
          code: 'kernel-refused',
          facts: expect.objectContaining({
            errno: 'ENOTSUP',
            reason: 'Unknown device type',
            remedy: `this kernel lacks the module ${link.module}`,
          }),
        }),
      );
    }
  });
});
