import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConntrackOnSocket } from './conntrack.ts';
import {
  type ConntrackMessage,
  decodeConntrackMessage,
  encodeConntrackMessage,
  identityOf,
} from './conntrack-message.ts';
import { decodeMessages, NLM_F_DUMP } from './message.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { acknowledge, openSocketPair, type SocketPair } from './socket-pair.fixture.ts';

const ip = (...bytes: number[]) => Uint8Array.from(bytes);

// `conntrack -L -p udp` of Linux 6.18: a datagram from 10.0.40.77 to the service 10.9.9.9, translated to
// 10.0.40.78, before any answer. One message of the dump, as a little-endian machine got it.
const captured = Buffer.from(
  'a4000000000122000100000014000000020000003400018014000180080001000a00284d080002000a090909' +
    '1c0002800500010011000000060002009bbe000006000300000900003400028014000180080001000a00284e' +
    '080002000a00284d1c00028005000100110000000600020000090000060003009bbe000008000300000001a8' +
    '080008000000000008000c00710afc7c08000b0000000001080007000000001d',
  'hex',
);

describe('a flow', () => {
  const [{ payload } = { payload: new Uint8Array(0) }] = decodeMessages(captured, 'little');

  test('is understood', () => {
    expect(decodeConntrackMessage(payload, 'little')).toMatchObject({
      family: 2,
      original: { source: ip(10, 0, 40, 77), destination: ip(10, 9, 9, 9) },
      reply: { source: ip(10, 0, 40, 78), destination: ip(10, 0, 40, 77) },
    });
  });

  test('is named by its first direction and its id', () => {
    const identity = identityOf(decodeConntrackMessage(payload, 'little'));
    expect(identity).toMatchObject({ family: 2, original: { source: ip(10, 0, 40, 77) } });
    expect(identity.otherAttributes.map(({ type }) => type)).toEqual([12]);
  });

  test('cut off anywhere is understood in part or refused by name', () => {
    for (let length = 0; length < payload.length; length += 1) {
      try {
        decodeConntrackMessage(payload.subarray(0, length), 'little');
      } catch (error) {
        expect(error).toMatchObject({ code: 'malformed-message' });
      }
    }
  });

  test('of any kind survives a round trip in either byte order', () => {
    const bytes = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((b) => Uint8Array.from(b));
    const tuple = (length: number) =>
      fc.record(
        {
          source: bytes(length),
          destination: bytes(length),
          protocol: bytes(8),
          otherAttributes: fc.constant([{ type: 3, value: ip(0, 1) }]),
        },
        { requiredKeys: ['otherAttributes'] },
      );
    const flows: fc.Arbitrary<ConntrackMessage> = fc.constantFrom(4, 16).chain((length) =>
      fc.record(
        {
          family: fc.constant(length === 4 ? 2 : 10),
          original: tuple(length),
          reply: tuple(length),
          filter: fc.record({ originalFlags: fc.nat(0xfff), replyFlags: fc.nat(0xfff) }),
          otherAttributes: fc.constant([{ type: 12, value: ip(1, 2, 3, 4) }]),
        },
        { requiredKeys: ['family', 'otherAttributes'] },
      ),
    );
    fc.assert(
      fc.property(flows, fc.constantFrom('little' as const, 'big' as const), (flow, order) => {
        const again = decodeConntrackMessage(encodeConntrackMessage(flow, order), order);
        expect(again).toEqual(flow);
      }),
    );
  });
});

describe('a kernel that', () => {
  let kernel: SocketPair;
  let conntrack: ConntrackOnSocket;

  beforeEach(() => {
    kernel = openSocketPair();
    conntrack = new ConntrackOnSocket(new NetlinkSocket(kernel.fd));
  });

  afterEach(() => {
    conntrack.close();
    kernel.close();
  });

  const EINVAL = -22;

  test('tracks no connections is asked no more after it said so', async () => {
    for (let sequence = 1; sequence <= 5; sequence += 1) kernel.send(acknowledge(sequence, EINVAL));
    await conntrack.forget(['10.0.40.77']);
    await conntrack.forget(['10.0.40.78']);
    kernel.receive(); // four deletions in one write
    expect(kernel.receive()).toMatchObject({ sequence: 5, flags: NLM_F_DUMP | 1 });
  });

  test('refuses for another reason is an error', async () => {
    for (let sequence = 1; sequence <= 4; sequence += 1) kernel.send(acknowledge(sequence, -1));
    await expect(conntrack.forget(['10.0.40.77'])).rejects.toMatchObject({
      code: 'kernel-refused',
      facts: { errno: 'EPERM', operation: 'delete flows of', object: '10.0.40.77' },
    });
  });
});
