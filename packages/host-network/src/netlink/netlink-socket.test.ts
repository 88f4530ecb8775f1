import { closeSync, readSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import koffi from 'koffi';
import { HOST_ORDER } from './host-order.ts';
import { decodeMessages, encodeMessage, type Message, NLMSG_DONE, NLMSG_ERROR } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { NetlinkSocket } from './netlink-socket.ts';

// A pair of datagram sockets: the test plays the kernel on the other one.
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const socketpair = koffi.load(null).func('int socketpair(int, int, int, _Out_ int *)');

let socket: NetlinkSocket;
let kernel: number;

beforeEach(() => {
  const fds = [-1, -1];
  expect(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds)).toBe(0);
  const [ours = -1, theirs = -1] = fds;
  socket = new NetlinkSocket(ours);
  kernel = theirs;
});

afterEach(() => {
  socket.close();
  closeSync(kernel);
});

const request = (flags = 0): NetlinkRequest => ({
  type: 18,
  flags,
  payload: Uint8Array.of(1, 2, 3, 4),
  operation: 'list',
  object: () => 'links',
});

const reply = (type: number, sequence: number, payload: Uint8Array, flags = 0) =>
  encodeMessage({ type, flags, sequence, portId: 0 }, payload, HOST_ORDER);
const send = (...messages: readonly Uint8Array[]) => writeSync(kernel, Buffer.concat(messages));

function receive(): Message {
  const buffer = Buffer.alloc(4096);
  const length = readSync(kernel, buffer);
  const [message] = decodeMessages(buffer.subarray(0, length), HOST_ORDER);
  if (message === undefined) throw new TypeError('nothing was sent');
  return message;
}

const done = (sequence: number, flags = 0) => reply(NLMSG_DONE, sequence, new Uint8Array(4), flags);
const entry = (sequence: number, value: number, flags = 0) =>
  reply(16, sequence, Uint8Array.of(value, 0, 0, 0), flags);
const INTERRUPTED = 0x10;
const NLM_F_ACK = 4;

function collect() {
  let values: number[] = [];
  const finished = socket.dump(
    request(),
    (payload) => values.push(payload[0] ?? -1),
    () => {
      values = [];
    },
  );
  return finished.then(() => values);
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('a synchronous exchange', () => {
  test('takes the answer to its own question and passes over others', () => {
    send(entry(77, 9), entry(1, 5));
    expect(socket.exchange(request())).toEqual(Uint8Array.of(5, 0, 0, 0));
    expect(receive()).toMatchObject({ type: 18, flags: 1, sequence: 1 });
  });

  test('counts its questions', () => {
    for (const sequence of [1, 2, 3]) {
      send(entry(sequence, sequence));
      expect(socket.exchange(request())[0]).toBe(sequence);
    }
  });

  test('waits for the acknowledgement when it asked for one', () => {
    send(entry(1, 5));
    send(reply(NLMSG_ERROR, 1, new Uint8Array(20)));
    expect(socket.exchange(request(NLM_F_ACK))).toHaveLength(0);
  });

  test('refuses an answer that was cut off', () => {
    send(entry(1, 5).subarray(0, 18));
    expect(() => socket.exchange(request())).toThrow(
      expect.objectContaining({ code: 'malformed-message' }),
    );
  });

  test('reports what the socket itself reports', () => {
    const orphan = new NetlinkSocket(-1);
    expect(() => orphan.exchange(request())).toThrow();
  });
});

describe('a dump', () => {
  test('gathers entries of several reads until the end', async () => {
    const values = collect();
    await turn();
    expect(receive().flags).toBe(0x301);
    send(entry(1, 1), entry(1, 2));
    send(entry(99, 9), entry(1, 3));
    send(done(1));
    expect(await values).toEqual([1, 2, 3]);
  });

  test('starts again when it was interrupted, and forgets what it had', async () => {
    const values = collect();
    send(entry(1, 1, INTERRUPTED), done(1));
    send(entry(2, 4), entry(2, 5), done(2));
    expect(await values).toEqual([4, 5]);
  });

  test('sees an interruption that only the end mentions', async () => {
    const values = collect();
    send(entry(1, 1), done(1, INTERRUPTED));
    send(entry(2, 4), done(2));
    expect(await values).toEqual([4]);
  });

  test('gives up after five interruptions, with an error of its own', async () => {
    const values = collect();
    for (const sequence of [1, 2, 3, 4, 5]) send(done(sequence, INTERRUPTED));
    await expect(values).rejects.toMatchObject({ code: 'dump-interrupted' });
  });

  test('fails with the error its end carries', async () => {
    const values = collect();
    const minusTwelve = new Uint8Array(Int32Array.of(-12).buffer);
    send(entry(1, 1), reply(NLMSG_DONE, 1, minusTwelve));
    await expect(values).rejects.toMatchObject({
      code: 'kernel-refused',
      facts: { errno: 'ENOMEM', operation: 'list', object: 'links' },
    });
  });

  test('waits its turn behind another', async () => {
    const [first, second] = [collect(), socket.exchangeAsync(request())];
    send(entry(1, 1), done(1));
    send(entry(2, 7));
    expect(await first).toEqual([1]);
    expect((await second)[0]).toBe(7);
  });
});

test('a closed socket refuses work, finishes what was asked, and may be closed again', async () => {
  const answer = socket.exchangeAsync(request());
  socket.close();
  socket.close();
  expect(() => socket.exchange(request())).toThrow(expect.objectContaining({ code: 'closed' }));
  send(entry(1, 3));
  expect((await answer)[0]).toBe(3);
});
