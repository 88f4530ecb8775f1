import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NLMSG_DONE } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import {
  acknowledge,
  done,
  openSocketPair,
  reply,
  type SocketPair,
} from './socket-pair.fixture.ts';

let socket: NetlinkSocket;
let kernel: SocketPair;

beforeEach(() => {
  kernel = openSocketPair();
  socket = new NetlinkSocket(kernel.fd);
});

afterEach(() => {
  socket.close();
  kernel.close();
});

const send = (...messages: readonly Uint8Array[]) => kernel.send(...messages);

const request = (flags = 0): NetlinkRequest => ({
  type: 18,
  flags,
  payload: Uint8Array.of(1, 2, 3, 4),
  operation: 'list',
  object: () => 'links',
});

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
    expect(kernel.receive()).toMatchObject({ type: 18, flags: 1, sequence: 1 });
  });

  test('counts its questions', () => {
    for (const sequence of [1, 2, 3]) {
      send(entry(sequence, sequence));
      expect(socket.exchange(request())[0]).toBe(sequence);
    }
  });

  test('waits for the acknowledgement when it asked for one', () => {
    send(entry(1, 5));
    send(acknowledge(1));
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

describe('a request that may be refused', () => {
  const ENOENT = -2;

  test('is undefined when it was refused as expected', () => {
    send(acknowledge(1, ENOENT));
    expect(socket.attempt(request(NLM_F_ACK), 'EEXIST', 'ENOENT')).toBeUndefined();
    send(acknowledge(2));
    expect(socket.attempt(request(NLM_F_ACK), 'ENOENT')).toHaveLength(0);
  });

  test('is an error with all its facts when it was refused otherwise', () => {
    send(acknowledge(1, ENOENT));
    expect(() => socket.attempt(request(NLM_F_ACK), 'EEXIST')).toThrow(
      expect.objectContaining({
        code: 'kernel-refused',
        facts: {
          errno: 'ENOENT',
          operation: 'list',
          object: 'links',
          reason: 'no such file or directory',
        },
      }),
    );
  });

  test('says what to do where that is known', () => {
    send(acknowledge(1, -1));
    expect(() => socket.exchange(request(NLM_F_ACK))).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/EPERM, .*; NET_ADMIN is needed in the namespace$/),
        facts: expect.objectContaining({ remedy: 'NET_ADMIN is needed in the namespace' }),
      }),
    );
  });

  test('may be one of many, each with its own answer', async () => {
    const requests = Array.from({ length: 40 }, () => request(NLM_F_ACK));
    for (let sequence = 1; sequence <= 40; sequence += 1) {
      send(acknowledge(sequence, sequence % 3 === 0 ? ENOENT : 0));
    }
    const answers = await socket.attemptAllAsync(requests, 'ENOENT');
    expect(answers).toEqual(requests.map((_, index) => (index + 1) % 3 !== 0));
  });

  test.each(['here', 'in-pool'] as const)(
    'has an answer of its own among many (%s)',
    async (where) => {
      send(acknowledge(1));
      send(entry(2, 5));
      send(acknowledge(3, ENOENT));
      const answers = await socket.askAll(
        [request(NLM_F_ACK), request(), request(NLM_F_ACK)],
        where,
      );
      expect(answers).toEqual([
        { kind: 'done', payload: new Uint8Array(0) },
        { kind: 'done', payload: Uint8Array.of(5, 0, 0, 0) },
        { kind: 'refused', errno: 'ENOENT', reason: 'no such file or directory' },
      ]);
    },
  );

  test('is told of its success only as the last of many', async () => {
    send(acknowledge(2, ENOENT));
    send(acknowledge(3));
    const requests = [request(NLM_F_ACK), request(NLM_F_ACK), request(NLM_F_ACK)];
    const answers = await socket.askAll(requests, 'here');
    expect(kernel.receiveAll().map(({ flags }) => flags)).toEqual([1, 1, 1 | NLM_F_ACK]);
    expect(answers.map(({ kind }) => kind)).toEqual(['done', 'refused', 'done']);
  });

  test('waits for those in the pool, also when it is to be made here', async () => {
    const order: string[] = [];
    const inPool = socket.askAll([request(NLM_F_ACK)], 'in-pool').then(() => order.push('in pool'));
    const here = socket.askAll([request(NLM_F_ACK)], 'here').then(() => order.push('here'));
    send(acknowledge(1));
    send(acknowledge(2));
    await Promise.all([inPool, here]);
    expect(order).toEqual(['in pool', 'here']);
  });

  test('fails all that came with it when it was refused otherwise', async () => {
    send(acknowledge(1));
    send(acknowledge(2, ENOENT));
    const both = [request(NLM_F_ACK), request(NLM_F_ACK)];
    await expect(socket.attemptAllAsync(both)).rejects.toMatchObject({ code: 'kernel-refused' });
    expect(await socket.attemptAllAsync([])).toEqual([]);
  });
});

test('every request is observed, dumps as such', async () => {
  const seen: unknown[] = [];
  const pair = openSocketPair();
  const observed = new NetlinkSocket(pair.fd, (what) => seen.push(what));
  pair.send(acknowledge(1));
  observed.exchange(request(NLM_F_ACK));
  pair.send(done(2));
  await observed.dump(
    request(),
    () => {},
    () => {},
  );
  expect(seen).toEqual([
    { operation: 'list', isDump: false },
    { operation: 'list', isDump: true },
  ]);
  observed.close();
  pair.close();
});

describe('a dump', () => {
  test('gathers entries of several reads until the end', async () => {
    const values = collect();
    await turn();
    expect(kernel.receive().flags).toBe(0x301);
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
