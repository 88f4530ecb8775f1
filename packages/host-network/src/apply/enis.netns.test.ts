import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EniLink } from '../desired/settings.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type HostNetwork, openHostNetwork } from './open-host-network.ts';

// The node of plugin-and-host-network §9: eth0 primary, eth1 on device 1.
const eth1: EniLink = {
  mac: '0A:11:22:33:44:01',
  primaryAddress: '10.0.41.20',
  subnetCidr: '10.0.32.0/19',
  routeTableId: 2,
};
const settings = { eniMtuBytes: 9001 };

let host: TestHost;
let network: HostNetwork;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  network = openHostNetwork({ linkWaitMs: 2_000 });
});

afterEach(async () => {
  await network.close();
  host.close();
});

const addEth1 = (address?: string) =>
  host.addEni({
    name: 'eth1',
    mac: '0a:11:22:33:44:01',
    ...(address === undefined ? {} : { address }),
  });
const rules = () => tidyLines(host.sh('ip rule'));
const mainRoutes = () => tidyLines(host.sh('ip route'));
const table2 = () => tidyLines(host.sh('ip route show table 2'));
const addresses = () => tidyLines(host.sh('ip -4 addr show eth1'));

test('removes the rules of an ENI that was in this slot before, and its own from another slot', async () => {
  addEth1();
  host.sh('ip rule add pref 32765 from 10.0.41.99 lookup 2'); // its predecessor's
  host.sh('ip rule add pref 32765 from 10.0.41.20 lookup 3'); // its own, on device 2
  host.sh('ip rule add pref 32765 from 10.0.41.98 lookup 3'); // another ENI's
  await network.setUpEni(eth1, settings);
  expect(
    rules()
      .filter((rule) => rule.startsWith('32765:'))
      .sort(),
  ).toEqual(['32765: from 10.0.41.20 lookup 2', '32765: from 10.0.41.98 lookup 3']);
});

function expectReady(): void {
  expect(rules()).toEqual([
    '0: from all lookup local',
    '32765: from 10.0.41.20 lookup 2',
    '32766: from all lookup main',
    '32767: from all lookup default',
  ]);
  expect(table2()).toEqual(['default via 10.0.32.1 dev eth1', '10.0.32.1 dev eth1 scope link']);
  expect(mainRoutes()).toEqual(['10.0.32.0/19 dev eth0 proto kernel scope link src 10.0.40.10']);
  const [link, address] = addresses();
  expect(link).toMatch(/^\d+: eth1@if\d+: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001 /);
  expect(address).toBe('inet 10.0.41.20/19 brd 10.0.63.255 scope global eth1');
  expect(tidyLines(host.sh('ip -4 route show table local dev eth1'))).toContain(
    'local 10.0.41.20 proto kernel scope host src 10.0.41.20',
  );
}

describe('setUpEni', () => {
  // plugin-and-host-network §9.1
  test('makes a secondary ENI look as ip(8) shows it', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    expectReady();
  });

  test('may be repeated without removing anything', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    host.sh('ip route add 10.9.9.0/24 dev eth1 table 2');
    await network.setUpEni(eth1, settings);
    // Had the address been taken away for a moment, the kernel would have dropped this route.
    expect(table2()).toContain('10.9.9.0/24 dev eth1 scope link');
    host.sh('ip route del 10.9.9.0/24 table 2');
    expectReady();
  });

  test.each([
    { name: 'an address that DHCP gave', present: '10.0.41.77/19' },
    { name: 'the right address with another prefix length', present: '10.0.41.20/24' },
  ])('replaces $name', async ({ present }) => {
    addEth1(present);
    await network.setUpEni(eth1, settings);
    expectReady();
  });

  test('takes the rule away from one that turns out to be a trunk', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    await network.setUpEni({ ...eth1, isTrunk: true }, settings);
    expect(rules()).toHaveLength(3);
    expect(table2()).toEqual(['default via 10.0.32.1 dev eth1', '10.0.32.1 dev eth1 scope link']);
  });

  test('waits for a link that appears later', async () => {
    const ready = network.setUpEni(eth1, settings);
    setTimeout(() => addEth1(), 50);
    await ready;
    expectReady();
  });

  test('names the MAC of a link that never appears', async () => {
    const impatient = openHostNetwork({ linkWaitMs: 30 });
    try {
      await expect(impatient.setUpEni(eth1, settings)).rejects.toMatchObject({
        code: 'link-not-found',
        message: expect.stringContaining('0A:11:22:33:44:01'),
      });
    } finally {
      await impatient.close();
    }
  });

  test('stops waiting when it is told to', async () => {
    const controller = new AbortController();
    const ready = network.setUpEni(eth1, settings, { signal: controller.signal });
    controller.abort(new Error('shutting down'));
    await expect(ready).rejects.toBeDefined();
  });
});

describe('tearDownEni', () => {
  test('removes the rules and routes that lead to the ENI, twice', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    for (let time = 1; time <= 2; time += 1) {
      await network.tearDownEni(eth1);
      expect(rules()).toHaveLength(3);
      expect(table2()).toEqual([]);
    }
  });

  test('works when the link left before', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    host.sh('ip link del eth1');
    await network.tearDownEni(eth1);
    expect(rules()).toHaveLength(3);
  });

  test('leaves the routes of the next ENI in the same slot alone', async () => {
    addEth1();
    await network.setUpEni(eth1, settings);
    host.sh('ip link del eth1');
    const next = { ...eth1, mac: '0a:11:22:33:44:02', primaryAddress: '10.0.41.30' } as const;
    host.addEni({ name: 'eth1', mac: next.mac });
    await network.setUpEni(next, settings);
    await network.tearDownEni(eth1);
    expect(table2()).toEqual(['default via 10.0.32.1 dev eth1', '10.0.32.1 dev eth1 scope link']);
    expect(rules()).toContain('32765: from 10.0.41.30 lookup 2');
  });
});
