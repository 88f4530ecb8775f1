import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inNetns, OWN_NETNS } from '../netns/in-netns.ts';
import { createTestHost, type TestHost, tidyLines } from '../netns-test-host.ts';
import { type Netlink, openNetlink } from './netlink.ts';

let host: TestHost;
let netlink: Netlink;

beforeEach(() => {
  host = createTestHost();
  host.addEni({ name: 'eth0', mac: '0a:11:22:33:44:00', address: '10.0.40.10/19' });
  netlink = openNetlink();
});

afterEach(() => {
  netlink.close();
  host.close();
});

const openFiles = () => readdirSync('/proc/self/fd').length;
const ownNetns = () => readlinkSync(OWN_NETNS);
const indexOf = (name: string) => netlink.links.find({ name })?.index ?? -1;

describe('links', () => {
  test('are found by name, index and MAC, and not found by others', async () => {
    const eth0 = netlink.links.find({ name: 'eth0' });
    expect(eth0).toMatchObject({ mac: '0a:11:22:33:44:00', isUp: true, kind: 'veth', group: 0 });
    expect(netlink.links.find({ index: eth0?.index ?? -1 })).toEqual(eth0);
    expect(await netlink.links.findByMac('0A:11:22:33:44:00')).toEqual(eth0);
    expect(netlink.links.find({ name: 'eth7' })).toBeUndefined();
    expect(await netlink.links.findByMac('0a:11:22:33:44:99')).toBeUndefined();
    expect((await netlink.links.list()).map(({ name }) => name)).toEqual(['lo', 'eth0']);
  });

  test('change name, MTU, MAC and group', () => {
    const index = indexOf('eth0');
    netlink.links.change({ index }, { isUp: false });
    netlink.links.change(
      { index },
      { name: 'ens5', mtuBytes: 1400, mac: '02:00:00:00:00:07', group: 9 },
    );
    expect(host.sh('ip link show ens5')).toMatch(
      /mtu 1400 .* group 9 [\s\S]*link\/ether 02:00:00:00:00:07/,
    );
  });

  test('disappear alone and as a group', async () => {
    host.sh('for n in a b c; do ip link add name $n type veth peer name p$n; done');
    await netlink.links.delete({ name: 'a' });
    for (const name of ['b', 'c']) netlink.links.change({ name }, { group: 5 });
    expect(await netlink.links.deleteGroup(5)).toBe(true);
    expect(await netlink.links.deleteGroup(5)).toBe(false);
    expect((await netlink.links.list()).map(({ name }) => name)).toEqual(['lo', 'eth0']);
  });

  test('leave the JavaScript thread free while they are deleted', async () => {
    host.sh('ip link add name v1 type veth peer name v2; ip link set v1 up; ip link set v2 up');
    let turns = 0;
    let isDone = false;
    const deletion = netlink.links.delete({ name: 'v1' }).then(() => {
      isDone = true;
    });
    while (!isDone) {
      turns += 1;
      await new Promise(setImmediate);
    }
    await deletion;
    expect(turns).toBeGreaterThan(10);
  });
});

describe('refusals', () => {
  test('carry the kernel’s own words', () => {
    const route = {
      destination: 'default',
      via: '10.99.99.1',
      linkName: 'eth0',
      tableId: 3,
      scope: 'global',
    } as const;
    expect(() => netlink.routes.add(route, indexOf('eth0'))).toThrow(
      expect.objectContaining({
        code: 'kernel-refused',
        message:
          '[kernel-refused] add route default via 10.99.99.1 dev eth0 table 3: ENETUNREACH, Nexthop has invalid gateway',
        facts: {
          errno: 'ENETUNREACH',
          operation: 'add route',
          object: 'default via 10.99.99.1 dev eth0 table 3',
          reason: 'Nexthop has invalid gateway',
        },
      }),
    );
  });

  test('of a closed netlink say so', async () => {
    netlink.close();
    expect(() => netlink.links.find({ name: 'lo' })).toThrow(
      expect.objectContaining({ code: 'closed' }),
    );
    await expect(netlink.links.list()).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('addresses, routes, rules and neighbours', () => {
  test('are what ip(8) shows, and are listed as they were made', async () => {
    const index = indexOf('eth0');
    const here = { linkName: 'eth0' };
    const address = {
      ...here,
      address: '10.1.0.5',
      prefixLength: 24,
      broadcast: '10.1.0.255',
      scope: 'global',
    } as const;
    const route = {
      ...here,
      destination: '10.2.0.0/16',
      via: '10.1.0.1',
      tableId: 70_000,
      scope: 'global',
    } as const;
    const rule = {
      priority: 77,
      from: '10.1.0.0/24',
      to: '10.2.0.9',
      inputLinkName: 'eth0',
      mark: 0x40,
      tableId: 70_000,
    } as const;
    const neighbour = { ...here, address: '10.1.0.1', mac: '02:00:00:00:00:01' } as const;

    netlink.addresses.add(address, index);
    netlink.routes.add(route, index);
    expect(netlink.rules.ensure(rule)).toBe(true);
    expect(netlink.rules.ensure(rule)).toBe(false);
    netlink.neighbours.add(neighbour, index);

    expect(host.sh('ip addr show eth0')).toMatch(
      'inet 10.1.0.5/24 brd 10.1.0.255 scope global eth0',
    );
    expect(tidyLines(host.sh('ip route show table 70000'))).toEqual([
      '10.2.0.0/16 via 10.1.0.1 dev eth0',
    ]);
    expect(tidyLines(host.sh('ip rule'))).toContain(
      '77: from 10.1.0.0/24 to 10.2.0.9 fwmark 0x40/0x40 iif eth0 lookup 70000',
    );
    expect(tidyLines(host.sh('ip neigh show nud permanent'))).toEqual([
      '10.1.0.1 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT',
    ]);

    expect(await netlink.addresses.list(index)).toContainEqual(address);
    const { linkName: _, ...listedRoute } = route;
    expect(await netlink.routes.list(70_000)).toEqual([listedRoute]);
    expect(await netlink.rules.list()).toContainEqual(rule);
    expect(await netlink.neighbours.list(index, 'eth0')).toEqual([neighbour]);

    netlink.neighbours.replace({ ...neighbour, mac: '02:00:00:00:00:02' }, index);
    netlink.neighbours.delete(neighbour, index);
    netlink.routes.delete(route);
    expect(netlink.rules.deleteAll({ priority: 77 })).toBe(1);
    netlink.addresses.replace(address, index);
    netlink.addresses.delete(address, index);
    expect(await netlink.addresses.list(index)).toHaveLength(1);
    expect(await netlink.routes.list(70_000)).toEqual([]);
    expect(await netlink.neighbours.list(index, 'eth0')).toEqual([]);
  });

  test('are listed completely when there are thousands', async () => {
    for (let n = 0; n < 3_000; n += 1) {
      netlink.rules.ensure({ priority: 512, to: `10.8.${n >> 8}.${n & 255}`, tableId: 254 });
    }
    const rules = await netlink.rules.list();
    expect(rules.filter(({ priority }) => priority === 512)).toHaveLength(3_000);
  });

  test('may be asked for all at once', async () => {
    const index = indexOf('eth0');
    const answers = await Promise.all([
      netlink.links.list(),
      netlink.rules.list(),
      netlink.routes.list(254),
      netlink.addresses.list(index),
      netlink.links.findByMac('0a:11:22:33:44:00'),
    ]);
    expect(answers.map((answer) => (Array.isArray(answer) ? answer.length : answer?.name))).toEqual(
      [2, 3, 1, 1, 'eth0'],
    );
  });
});

describe('namespaces', () => {
  test('are entered for the time of one call', () => {
    const [path = ''] = host.addPodNetns('a');
    const home = ownNetns();
    const there = inNetns(path, ownNetns);
    expect(there).not.toBe(home);
    expect(ownNetns()).toBe(home);
    expect(() =>
      inNetns(path, () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(ownNetns()).toBe(home);
  });

  test('refuse asynchronous work and paths of other kinds', () => {
    const [path = ''] = host.addPodNetns('a');
    expect(() => inNetns(path, async () => {})).toThrow(TypeError);
    const notFound = expect.objectContaining({ code: 'netns-not-found' });
    expect(() => inNetns('/run/netns/none', ownNetns)).toThrow(notFound);
    expect(() => inNetns('/proc/self/status', ownNetns)).toThrow(notFound);
  });

  test('keep a netlink that was opened in them', () => {
    const [path = ''] = host.addPodNetns('a');
    const pod = openNetlink({ netnsPath: path });
    expect(pod.links.find({ name: 'eth0' })).toBeUndefined();
    expect(netlink.links.find({ name: 'eth0' })).toBeDefined();
    pod.close();
  });

  test('take a link with the other end in a second namespace, named by descriptor', () => {
    const [path = ''] = host.addPodNetns('a');
    const netnsFd = openSync(OWN_NETNS, 'r');
    const pod = openNetlink({ netnsPath: path });
    const both = { mtuBytes: 1500, transmitQueueLength: 0 };
    pod.links.createVeth({
      ...both,
      name: 'eth0',
      isUp: true,
      peer: { ...both, name: 'eni1', mac: '02:00:00:00:00:01', netnsFd },
    });
    expect(netlink.links.find({ name: 'eni1' })?.peerIndex).toBe(
      pod.links.find({ name: 'eth0' })?.index,
    );
    const oneQueue = /numtxqueues 1 numrxqueues 1 /;
    expect(host.sh('ip -d link show eni1')).toMatch(oneQueue);
    expect(host.sh(`nsenter --net=${path} ip -d link show eth0`)).toMatch(oneQueue);
    pod.close();
    closeSync(netnsFd);
  });

  test('may be opened a thousand times without losing a file descriptor', async () => {
    const [path = ''] = host.addPodNetns('a');
    const before = openFiles();
    for (let time = 0; time < 1_000; time += 1) openNetlink({ netnsPath: path }).close();
    for (let time = 0; time < 20; time += 1) {
      const pod = openNetlink({ netnsPath: path });
      const answer = pod.links.list();
      pod.close();
      expect(await answer).toHaveLength(1);
      expect(() => openNetlink({ netnsPath: '/run/netns/none' })).toThrow();
    }
    // A socket with a request under way closes when the answer is there.
    await new Promise(setImmediate);
    expect(openFiles()).toBe(before);
  });
});
