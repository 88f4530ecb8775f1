import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { type Netlink, openNetlink } from './netlink.ts';

let host: TestHost;
let netlink: Netlink;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00' });
  netlink = openNetlink();
});

afterEach(() => {
  netlink.close();
  host.close();
});

test('a VLAN is made, once for each id, changed and deleted', async () => {
  const { links } = netlink;
  const parentIndex = links.find({ name: 'eth0' })?.index ?? 0;
  const v7 = { name: 'v7', isUp: false, parentIndex, vlanId: 7 };
  links.createVlan(v7);
  expect(links.find({ name: 'v7' })).toMatchObject({
    kind: 'vlan',
    parentIndex,
    vlanId: 7,
    isUp: false,
    mac: '0a:11:22:33:44:00',
  });
  links.change({ name: 'v7' }, { mac: '02:7f:de:ad:be:ef', mtuBytes: 1400 });
  expect(host.sh('ip link show v7')).toMatch(/mtu 1400 .*02:7f:de:ad:be:ef/s);
  expect(() => links.createVlan({ ...v7, name: 'again' })).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ errno: 'EEXIST' }) }),
  );
  await links.delete({ name: 'v7' });
  expect(links.find({ name: 'v7' })).toBeUndefined();
});

test('a dummy is made, up and of its size, and deleted', async () => {
  const { links } = netlink;
  links.createDummy({ name: 'd7', isUp: true, mtuBytes: 1400 });
  expect(links.find({ name: 'd7' })).toMatchObject({ kind: 'dummy', isUp: true, mtuBytes: 1400 });
  expect(host.sh('ip -d link show d7')).toContain('dummy');
  await links.delete({ name: 'd7' });
  expect(links.find({ name: 'd7' })).toBeUndefined();
});
