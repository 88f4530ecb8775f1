import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import { type ByteOrder, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct nfgenmsg, <linux/netfilter/nfnetlink.h>, read at v6.12
//   0  u8   nfgen_family
//   1  u8   version       NFNETLINK_V0
//   2  u16  res_id        (network order; 0 here)
// Numbers inside conntrack's attributes are in network order, whatever the machine's.
export const NFGENMSG_LENGTH = 4;

// Subsystem 1, NFNL_SUBSYS_CTNETLINK, in the high byte. <linux/netfilter/nfnetlink_conntrack.h>
export const IPCTNL_MSG_CT_NEW = 0x100;
export const IPCTNL_MSG_CT_GET = 0x101;
export const IPCTNL_MSG_CT_DELETE = 0x102;

// CTA_*
const CTA_TUPLE_ORIG = 1;
const CTA_TUPLE_REPLY = 2;
const CTA_ID = 12;
const CTA_ZONE = 18;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_SRC = 1;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_SRC = 3;
const CTA_IP_V6_DST = 4;

// CTA_FILTER_F_*, <net/netfilter/nf_internals.h>
export const CTA_FILTER_F_CTA_IP_SRC = 1 << 0;
export const CTA_FILTER_F_CTA_IP_DST = 1 << 1;

/** One direction of a flow. Addresses are bytes in network order. */
export interface ConntrackTuple {
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  /** CTA_TUPLE_PROTO as it stands: protocol, ports, ICMP fields. */
  readonly protocol?: Uint8Array;
  readonly otherAttributes: readonly Attribute[];
}

/** CTA_FILTER: which parts of each tuple are compared, CTA_FILTER_F_*. */
export interface ConntrackFilter {
  readonly originalFlags: number;
  readonly replyFlags: number;
}

/** IPCTNL_MSG_CT_NEW, _GET and _DELETE. */
export interface ConntrackMessage {
  readonly family: number;
  /** As the flow's first packet had it, and as its answers have it: they differ under NAT. */
  readonly original?: ConntrackTuple;
  readonly reply?: ConntrackTuple;
  readonly filter?: ConntrackFilter;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeConntrackMessage(bytes: Uint8Array, order: ByteOrder): ConntrackMessage {
  requireBytes(bytes, NFGENMSG_LENGTH, 'nfgenmsg');
  const otherAttributes: Attribute[] = [];
  const message: Writable<ConntrackMessage> = {
    family: viewOf(bytes).getUint8(0),
    otherAttributes,
  };
  for (const attribute of decodeAttributes(bytes.subarray(NFGENMSG_LENGTH), order, 'nfgenmsg')) {
    const number = attributeNumber(attribute);
    const { value } = attribute;
    if (number === CTA_TUPLE_ORIG) message.original = decodeTuple(value, order);
    else if (number === CTA_TUPLE_REPLY) message.reply = decodeTuple(value, order);
    else if (number === CTA_FILTER) message.filter = decodeFilter(value, order);
    else otherAttributes.push(attribute);
  }
  return message;
}

function decodeTuple(bytes: Uint8Array, order: ByteOrder): ConntrackTuple {
  const otherAttributes: Attribute[] = [];
  const tuple: Writable<ConntrackTuple> = { otherAttributes };
  for (const attribute of decodeAttributes(bytes, order, 'CTA_TUPLE')) {
    const number = attributeNumber(attribute);
    if (number === CTA_TUPLE_IP) readAddresses(tuple, attribute.value, order);
    else if (number === CTA_TUPLE_PROTO) tuple.protocol = attribute.value;
    else otherAttributes.push(attribute);
  }
  return tuple;
}

function readAddresses(tuple: Writable<ConntrackTuple>, bytes: Uint8Array, order: ByteOrder): void {
  for (const attribute of decodeAttributes(bytes, order, 'CTA_TUPLE_IP')) {
    const number = attributeNumber(attribute);
    if (number === CTA_IP_V4_SRC || number === CTA_IP_V6_SRC) tuple.source = attribute.value;
    if (number === CTA_IP_V4_DST || number === CTA_IP_V6_DST) tuple.destination = attribute.value;
  }
}

function decodeFilter(bytes: Uint8Array, order: ByteOrder): ConntrackFilter {
  const filter = { originalFlags: 0, replyFlags: 0 };
  for (const { type, value } of decodeAttributes(bytes, order, 'CTA_FILTER')) {
    requireBytes(value, 4, 'CTA_FILTER');
    // The exception: these flags are in host order.
    const flags = viewOf(value).getUint32(0, order === 'little');
    if (type === CTA_FILTER_ORIG_FLAGS) filter.originalFlags = flags;
    if (type === CTA_FILTER_REPLY_FLAGS) filter.replyFlags = flags;
  }
  return filter;
}

export function encodeConntrackMessage(message: ConntrackMessage, order: ByteOrder): Uint8Array {
  const writer = new ByteWriter(order).u8(message.family).u8(0).u16(0);
  const { original, reply, filter } = message;
  if (original !== undefined) {
    writer.nested(CTA_TUPLE_ORIG, () => writeTuple(writer, original));
  }
  if (reply !== undefined) writer.nested(CTA_TUPLE_REPLY, () => writeTuple(writer, reply));
  if (filter !== undefined) {
    writer.nested(CTA_FILTER, () =>
      writer
        .attributeU32(CTA_FILTER_ORIG_FLAGS, filter.originalFlags)
        .attributeU32(CTA_FILTER_REPLY_FLAGS, filter.replyFlags),
    );
  }
  encodeAttributes(writer, message.otherAttributes);
  return writer.finish();
}

function writeTuple(writer: ByteWriter, tuple: ConntrackTuple): void {
  const { source, destination, protocol } = tuple;
  writer.nested(CTA_TUPLE_IP, () => {
    if (source !== undefined) {
      writer.attribute(source.length === 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source);
    }
    if (destination !== undefined) {
      writer.attribute(destination.length === 4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination);
    }
  });
  if (protocol !== undefined) writer.nested(CTA_TUPLE_PROTO, () => writer.bytes(protocol));
  encodeAttributes(writer, tuple.otherAttributes);
}

/** What names a flow in a deletion, and no other that may have taken its place meanwhile. */
export const identityOf = (flow: ConntrackMessage): ConntrackMessage => ({
  family: flow.family,
  ...(flow.original === undefined ? {} : { original: flow.original }),
  otherAttributes: flow.otherAttributes.filter((attribute) =>
    [CTA_ID, CTA_ZONE].includes(attributeNumber(attribute)),
  ),
});
