import { describe, expect, test } from '@jest/globals';
import { isHostNetworkError } from '../host-network-error.ts';
import { decodeAddressMessage, encodeAddressMessage } from './address-message.ts';
import type { Attribute } from './attribute.ts';
import type { ByteOrder } from './byte-reader.ts';
import * as captured from './captured-bytes.ts';
import { decodeLinkMessage, encodeLinkMessage } from './link-message.ts';
import { decodeMessages, NLMSG_DONE } from './message.ts';
import { decodeNeighbourMessage, encodeNeighbourMessage } from './neighbour-message.ts';
import { decodeRouteMessage, encodeRouteMessage } from './route-message.ts';
import { decodeRuleMessage, encodeRuleMessage } from './rule-message.ts';

interface Codec {
  decode(bytes: Uint8Array, order: ByteOrder): { readonly otherAttributes: readonly Attribute[] };
  /** Bytes of a decoded message, with further attributes. */
  encodeAgain(bytes: Uint8Array, more: readonly Attribute[], order: ByteOrder): Uint8Array;
}

const codec = <T extends { readonly otherAttributes: readonly Attribute[] }>(
  decode: (bytes: Uint8Array, order: ByteOrder) => T,
  encode: (message: T, order: ByteOrder) => Uint8Array,
): Codec => ({
  decode,
  encodeAgain: (bytes, more, order) => {
    const message = decode(bytes, 'little');
    return encode({ ...message, otherAttributes: [...message.otherAttributes, ...more] }, order);
  },
});

const link = codec(decodeLinkMessage, encodeLinkMessage);
const address = codec(decodeAddressMessage, encodeAddressMessage);
const route = codec(decodeRouteMessage, encodeRouteMessage);
const rule = codec(decodeRuleMessage, encodeRuleMessage);
const neighbour = codec(decodeNeighbourMessage, encodeNeighbourMessage);

const payloads = (bytes: Uint8Array) =>
  decodeMessages(bytes, 'little')
    .filter(({ type }) => type !== NLMSG_DONE)
    .map(({ payload }) => Buffer.from(payload));
const mac = Buffer.from([0x6e, 0x1c, 0xaa, 0, 0, 1]);
const ip = (...bytes: number[]) => Buffer.from(bytes);

const requests = [
  {
    name: 'a veth with peer',
    bytes: captured.createVeth,
    codec: link,
    means: {
      name: 'enib5faff8a083',
      mtuBytes: 9001,
      transmitQueueLength: 0,
      macBytes: mac,
      info: { kind: 'veth', vethPeer: { name: 'eth0', mtuBytes: 9001, transmitQueueLength: 0 } },
    },
  },
  {
    name: 'an address',
    bytes: captured.addAddress,
    codec: address,
    means: {
      family: 2,
      prefixLength: 19,
      linkIndex: 3,
      local: ip(10, 0, 41, 20),
      address: ip(10, 0, 41, 20),
      broadcast: ip(10, 0, 63, 255),
    },
  },
  {
    name: 'a link-scoped route',
    bytes: captured.replaceRoute,
    codec: route,
    means: {
      family: 2,
      destinationLength: 32,
      destination: ip(10, 0, 40, 77),
      tableId: 254,
      protocol: 3,
      scope: 253,
      type: 1,
      outputLinkIndex: 3,
    },
  },
  {
    name: 'a default route of a table beyond 255',
    bytes: captured.replaceDefaultRoute,
    codec: route,
    means: { destinationLength: 0, gateway: ip(10, 0, 32, 1), tableId: 10101, scope: 0 },
  },
  {
    name: 'a rule by destination',
    bytes: captured.addRuleTo,
    codec: rule,
    means: { destination: ip(10, 0, 40, 77), destinationLength: 32, priority: 512, tableId: 254 },
  },
  {
    name: 'a rule by source',
    bytes: captured.addRuleFrom,
    codec: rule,
    means: { source: ip(10, 0, 40, 77), sourceLength: 32, priority: 1536, tableId: 10101 },
  },
  {
    name: 'a rule by mark',
    bytes: captured.addRuleMark,
    codec: rule,
    means: { mark: 0x80, markMask: 0x80, priority: 1024, tableId: 254, action: 1 },
  },
  {
    name: 'a rule by incoming link',
    bytes: captured.addRuleInput,
    codec: rule,
    means: { inputLinkName: 'nodum', priority: 10, tableId: 107 },
  },
  {
    name: 'a permanent neighbour',
    bytes: captured.addNeighbour,
    codec: neighbour,
    means: { family: 2, linkIndex: 3, state: 0x80, address: ip(169, 254, 1, 1), macBytes: mac },
  },
];

const answers = [
  {
    name: 'a veth',
    bytes: captured.veth,
    codec: link,
    means: {
      index: 5,
      name: 'enib5faff8a083',
      group: 7,
      peerIndex: 4,
      operationalState: 2,
      info: { kind: 'veth' },
    },
  },
  {
    name: 'addresses of both families',
    bytes: captured.addresses,
    codec: address,
    means: { label: 'nodum', flags: 0x80, linkIndex: 3 },
  },
  { name: 'a route', bytes: captured.route, codec: route, means: { tableId: 10101 } },
  {
    name: 'rules',
    bytes: captured.rules,
    codec: rule,
    means: { tableId: 255, action: 1, protocol: 2 },
  },
  {
    name: 'neighbours',
    bytes: captured.neighbours,
    codec: neighbour,
    means: { macBytes: mac, type: 1 },
  },
];

describe.each([...requests, ...answers])('$name', ({ bytes, codec, means }) => {
  const unknown = { type: 0x8000 | 0x3ff0, value: Buffer.from([1, 2, 3]) };

  test('is understood', () => {
    const [first = Buffer.alloc(0)] = payloads(bytes);
    expect(codec.decode(first, 'little')).toMatchObject(means);
  });

  test('keeps its meaning, and attributes nobody knows, through either byte order', () => {
    for (const payload of payloads(bytes)) {
      const message = codec.decode(payload, 'little');
      for (const order of ['little', 'big'] as const) {
        const again = codec.decode(codec.encodeAgain(payload, [unknown], order), order);
        const { otherAttributes, ...known } = message;
        expect(again).toEqual({ ...known, otherAttributes: [...otherAttributes, unknown] });
      }
    }
  });

  test('cut off anywhere is understood in part or refused, never misread', () => {
    const [first = Buffer.alloc(0)] = payloads(bytes);
    for (let length = 0; length < first.length; length += 1) {
      try {
        codec.decode(first.subarray(0, length), 'little');
      } catch (error) {
        expect(isHostNetworkError(error) && error.code).toBe('malformed-message');
      }
    }
  });
});

describe.each(
  requests.filter(({ codec }) => codec === rule || codec === route || codec === neighbour),
)('a request for $name', ({ bytes, codec }) => {
  test('is encoded with the same attributes as by iproute2', () => {
    const [payload = Buffer.alloc(0)] = payloads(bytes);
    // Attributes may come in any order, so the sorted words are compared.
    const words = (buffer: Uint8Array) =>
      Array.from({ length: buffer.length / 4 }, (_, index) =>
        Buffer.from(buffer.subarray(index * 4, index * 4 + 4)).toString('hex'),
      ).sort();
    const ours = Buffer.from(codec.encodeAgain(payload, [], 'little'));
    // iproute2 leaves rtm_table 0 where the kernel answers 252; both mean "see the attribute".
    if (ours[4] === 252) ours[4] = 0;
    expect(words(ours)).toEqual(words(payload));
  });
});

test.each([
  { name: 'an attribute shorter than its own header', tail: [3, 0, 1, 0] },
  { name: 'an attribute longer than the message', tail: [9, 0, 1, 0, 1, 2, 3, 4] },
  { name: 'a number of two bytes', tail: [6, 0, 6, 0, 1, 2, 0, 0] },
])('$name is refused', ({ tail }) => {
  const [header = Buffer.alloc(0)] = payloads(captured.addRuleTo);
  const bytes = Buffer.concat([header.subarray(0, 12), Buffer.from(tail)]);
  expect(() => decodeRuleMessage(bytes, 'little')).toThrow(
    expect.objectContaining({ code: 'malformed-message' }),
  );
});
