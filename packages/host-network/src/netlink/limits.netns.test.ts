import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OWN_NETNS } from '../netns/in-netns.ts';
import { createTestHost, type TestHost } from '../netns-test-host.ts';
import { HOST_ORDER } from './host-order.ts';
import { linkAlteration } from './links.ts';
import { encodeMessages, NLM_F_ACK, NLM_F_REQUEST } from './message.ts';
import { type Netlink, openNetlink } from './netlink.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { openSocket } from './open-socket.ts';
import { routeMessage } from './route.ts';
import { encodeRouteMessage, RTM_GETROUTE } from './route-message.ts';

let host: TestHost;

beforeEach(() => {
  host = createTestHost();
});

afterEach(() => host.close());

const openFiles = () => readdirSync('/proc/self/fd').length;

describe('ten thousand sockets', () => {
  test('opened in a namespace and closed leave nothing behind', () => {
    const [path = ''] = host.addPodNetns('a');
    const before = openFiles();
    for (let time = 0; time < 10_000; time += 1) {
      const pod = openNetlink({ netnsPath: path });
      if (time % 1_000 === 0) expect(pod.links.find({ name: 'lo' })).toBeDefined();
      pod.close();
    }
    expect(openFiles()).toBe(before);
  });

  test('may be open at the same time, as far as files may', () => {
    // More than the npm package netlink can number: 1,024.
    const [path = ''] = host.addPodNetns('a');
    const many: Netlink[] = [];
    try {
      for (let time = 0; time < 2_000; time += 1) many.push(openNetlink({ netnsPath: path }));
      expect(many.every((pod) => pod.links.find({ index: 1 })?.name === 'lo')).toBe(true);
    } finally {
      for (const pod of many) pod.close();
    }
  });
});

describe('five thousand rules', () => {
  const toPod = (n: number) =>
    ({ priority: 512, to: `10.8.${n >> 8}.${n & 255}`, tableId: 254 }) as const;

  test('are listed, every one, in their order', async () => {
    const netlink = openNetlink();
    for (let n = 0; n < 5_000; n += 1) netlink.rules.ensure(toPod(n));
    const rules = (await netlink.rules.list()).filter(({ priority }) => priority === 512);
    expect(rules).toEqual(Array.from({ length: 5_000 }, (_, n) => toPod(n)));
    netlink.close();
  });
});

test('a list of one table is filtered by the kernel, not by us', async () => {
  const netlink = openNetlink();
  const onLo = { linkName: 'lo', scope: 'link' } as const;
  for (let n = 0; n < 500; n += 1) {
    netlink.routes.add({ ...onLo, destination: `10.8.${n >> 8}.${n & 255}/32`, tableId: 7 }, 1);
  }
  netlink.routes.add({ ...onLo, destination: '10.9.0.0/16', tableId: 8 }, 1);
  const wanted = routeMessage({ ...onLo, destination: 'default', tableId: 8 }, undefined);
  const unspecified = { ...wanted, protocol: 0, scope: 0, type: 0 };
  const socket = new NetlinkSocket(openSocket({ protocol: 'NETLINK_ROUTE' }));
  let answers = 0;
  await socket.dump(
    {
      type: RTM_GETROUTE,
      flags: 0,
      payload: encodeRouteMessage(unspecified, HOST_ORDER),
      operation: 'list',
      object: () => 'routes of table 8',
    },
    () => {
      answers += 1;
    },
    () => {},
  );
  expect(answers).toBe(1);
  socket.close();
  netlink.close();
});

test('links that come during each of five lists make an error by name', async () => {
  const netlink = openNetlink();
  const netnsFd = openSync(OWN_NETNS, 'r');
  const end = { mtuBytes: 1500, transmitQueueLength: 0 };
  let pairs = 0;
  const addPair = () => {
    pairs += 1;
    const peer = { ...end, name: `b${pairs}`, mac: '02:00:00:00:00:01', netnsFd };
    netlink.links.createVeth({ ...end, name: `a${pairs}`, isUp: false, peer });
  };
  while (pairs < 60) addPair(); // more than the kernel says in one message
  const isOver = new AbortController();
  const vandal = (async () => {
    while (!isOver.signal.aborted) {
      addPair();
      await new Promise(setImmediate);
    }
  })();
  await expect(netlink.links.list()).rejects.toMatchObject({
    code: 'dump-interrupted',
    facts: { operation: 'list', attempts: 5 },
  });
  isOver.abort();
  await vandal;
  expect(await netlink.links.list()).toHaveLength(2 * pairs + 1);
  closeSync(netnsFd);
  netlink.close();
});

test('an overflow of the receive buffer is an error by name, and no reason to wait for ever', () => {
  const fd = openSocket({
    protocol: 'NETLINK_ROUTE',
    receiveBufferBytes: 4096,
    readTimeoutMs: 100,
  });
  const socket = new NetlinkSocket(fd);
  // RTM_GETLINK of lo, by index: more answers than fit, and nobody reads them.
  const getLo = new Uint8Array(16);
  new DataView(getLo.buffer).setInt32(4, 1, HOST_ORDER === 'little');
  const message = { type: 18, flags: NLM_F_REQUEST, sequence: 7_777, portId: 0, payload: getLo };
  const bytes = encodeMessages([message], HOST_ORDER);
  for (let time = 0; time < 20; time += 1) writeSync(fd, bytes);

  const noop = {
    type: 1,
    flags: NLM_F_ACK,
    payload: new Uint8Array(0),
    operation: 'ask',
    object: () => 'nothing',
  };
  const failsWith = (errno: string) =>
    expect(() => socket.exchange(noop)).toThrow(
      expect.objectContaining({
        code: 'kernel-refused',
        facts: expect.objectContaining({ errno, operation: 'ask', object: 'nothing' }),
      }),
    );
  failsWith('ENOBUFS');
  failsWith('EAGAIN'); // its answer found no room, either
  expect(socket.exchange(noop)).toHaveLength(0);
  socket.close();
});

// Only the last of several is told of its success: a refusal that got lost must not pass for one.
test('where answers to a write find no room, nothing counts as done', async () => {
  const fd = openSocket({
    protocol: 'NETLINK_ROUTE',
    receiveBufferBytes: 4096,
    readTimeoutMs: 100,
  });
  const socket = new NetlinkSocket(fd);
  const refused = linkAlteration({ index: 4_711 }, { isUp: true });
  await expect(socket.askAll(Array(30).fill(refused), 'here')).rejects.toMatchObject({
    code: 'kernel-refused',
    facts: { errno: 'ENOBUFS' },
  });
  // What is still there of the first write is nobody's.
  await expect(socket.askAll([refused, refused], 'here')).rejects.toMatchObject({
    facts: { errno: 'EAGAIN' },
  });
  const answers = await socket.askAll([refused, refused], 'here');
  expect(answers).toMatchObject(Array(2).fill({ kind: 'refused', errno: 'ENODEV' }));
  socket.close();
});
