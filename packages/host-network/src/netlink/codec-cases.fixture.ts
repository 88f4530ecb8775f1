import { decodeAddressMessage, encodeAddressMessage } from './address-message.ts';
import type { Attribute } from './attribute.ts';
import type { ByteOrder } from './byte-reader.ts';
import * as captured from './captured-bytes.ts';
import * as captured6 from './captured-bytes-ipv6.ts';
import { decodeLinkMessage, encodeLinkMessage } from './link-message.ts';
import { decodeMessages, NLMSG_DONE } from './message.ts';
import { decodeNeighbourMessage, encodeNeighbourMessage } from './neighbour-message.ts';
import { decodeRouteMessage, encodeRouteMessage } from './route-message.ts';
import { decodeRuleMessage, encodeRuleMessage } from './rule-message.ts';

/** A pair of functions under test, for all message types alike. */
export interface Codec {
  decode(bytes: Uint8Array, order: ByteOrder): { readonly otherAttributes: readonly Attribute[] };
  /** Bytes of a decoded message, with further attributes. */
  encodeAgain(bytes: Uint8Array, more: readonly Attribute[], order: ByteOrder): Uint8Array;
}

export interface CodecCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly codec: Codec;
  /** Of the first message. */
  readonly means: Readonly<Record<string, unknown>>;
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
export const route = codec(decodeRouteMessage, encodeRouteMessage);
export const rule = codec(decodeRuleMessage, encodeRuleMessage);
export const neighbour = codec(decodeNeighbourMessage, encodeNeighbourMessage);

/** The payloads of captured messages. */
export const payloads = (bytes: Uint8Array) =>
  decodeMessages(bytes, 'little')
    .filter(({ type }) => type !== NLMSG_DONE)
    .map(({ payload }) => Buffer.from(payload));
const mac = Buffer.from([0x6e, 0x1c, 0xaa, 0, 0, 1]);
const ip = (...bytes: number[]) => Buffer.from(bytes);

const ip6 = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex');
const podAddress6 = ip6('26001f13:00000000:00000000:00000007');
const routerAddress6 = ip6('fe800000:00000000:00000000:00000001');

/** What iproute2 asks for, and what it means. */
export const requests: readonly CodecCase[] = [
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
  {
    name: 'a VLAN',
    bytes: captured6.createVlan,
    codec: link,
    means: {
      name: 'vlan.eth.7',
      linkedIndex: 3,
      macBytes: mac,
      info: { kind: 'vlan', vlan: { id: 7, otherAttributes: [] } },
    },
  },
  {
    name: 'a dummy',
    bytes: captured6.createDummy,
    codec: link,
    means: { name: 'dummy7', info: { kind: 'dummy' } },
  },
  {
    name: 'an IPv6 address without duplicate detection',
    bytes: captured6.addAddress6,
    codec: address,
    means: {
      family: 10,
      prefixLength: 128,
      flags: 2,
      scope: 0,
      linkIndex: 3,
      local: podAddress6,
      address: podAddress6,
    },
  },
  {
    name: 'an IPv6 route',
    bytes: captured6.replaceRoute6,
    codec: route,
    means: { family: 10, destinationLength: 128, tableId: 254, outputLinkIndex: 3 },
  },
  {
    name: 'an IPv6 default route of a table beyond 255',
    bytes: captured6.addDefaultRoute6,
    codec: route,
    means: { family: 10, destinationLength: 0, gateway: routerAddress6, tableId: 10101 },
  },
  {
    name: 'an IPv6 rule by destination',
    bytes: captured6.addRule6To,
    codec: rule,
    means: { family: 10, destination: podAddress6, destinationLength: 128, priority: 512 },
  },
  {
    name: 'an IPv6 rule by protocol',
    bytes: captured6.addRule6Protocol,
    codec: rule,
    means: { family: 10, sourceLength: 128, ipProtocol: 58, priority: 0, tableId: 255 },
  },
  {
    name: 'an IPv6 rule for everything',
    bytes: captured6.addRule6All,
    codec: rule,
    means: { family: 10, sourceLength: 0, destinationLength: 0, priority: 20, tableId: 255 },
  },
  {
    name: 'a permanent IPv6 neighbour',
    bytes: captured6.addNeighbour6,
    codec: neighbour,
    means: { family: 10, linkIndex: 3, state: 0x80, address: routerAddress6, macBytes: mac },
  },
];

/** What the kernel answers. */
export const answers: readonly CodecCase[] = [
  {
    name: 'a veth',
    bytes: captured.veth,
    codec: link,
    means: {
      index: 5,
      name: 'enib5faff8a083',
      group: 7,
      linkedIndex: 4,
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
  {
    name: 'IPv6 rules',
    bytes: captured6.rules6,
    codec: rule,
    means: { family: 10, tableId: 255, action: 1, protocol: 2 },
  },
];
