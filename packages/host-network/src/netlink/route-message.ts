import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import { type ByteOrder, readU32, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct rtmsg, <linux/rtnetlink.h>, read at v6.12
//   0  u8  rtm_family     4  u8   rtm_table      RT_TABLE_*; RTA_TABLE when it does not fit
//   1  u8  rtm_dst_len    5  u8   rtm_protocol   RTPROT_*
//   2  u8  rtm_src_len    6  u8   rtm_scope      RT_SCOPE_*
//   3  u8  rtm_tos        7  u8   rtm_type       RTN_*
//                         8  u32  rtm_flags      (host order)
export const RTMSG_LENGTH = 12;

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

export const RTPROT_BOOT = 3;
export const RT_SCOPE_UNIVERSE = 0;
export const RT_SCOPE_LINK = 253;
/** In a delete request: any scope. */
export const RT_SCOPE_NOWHERE = 255;
export const RTN_UNICAST = 1;
const RT_TABLE_COMPAT = 252;

// RTA_*
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;

/** RTM_NEWROUTE, RTM_DELROUTE and RTM_GETROUTE. Addresses are bytes in network order. */
export interface RouteMessage {
  readonly family: number;
  readonly destinationLength: number;
  readonly sourceLength: number;
  readonly tos: number;
  readonly tableId: number;
  readonly protocol: number;
  readonly scope: number;
  readonly type: number;
  readonly flags: number;
  readonly destination?: Uint8Array;
  readonly outputLinkIndex?: number;
  readonly gateway?: Uint8Array;
  readonly metric?: number;
  readonly preferredSource?: Uint8Array;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeRouteMessage(bytes: Uint8Array, order: ByteOrder): RouteMessage {
  requireBytes(bytes, RTMSG_LENGTH, 'rtmsg');
  const view = viewOf(bytes);
  const otherAttributes: Attribute[] = [];
  const message: Writable<RouteMessage> = {
    family: view.getUint8(0),
    destinationLength: view.getUint8(1),
    sourceLength: view.getUint8(2),
    tos: view.getUint8(3),
    tableId: view.getUint8(4),
    protocol: view.getUint8(5),
    scope: view.getUint8(6),
    type: view.getUint8(7),
    flags: view.getUint32(8, order === 'little'),
    otherAttributes,
  };
  for (const attribute of decodeAttributes(bytes.subarray(RTMSG_LENGTH), order, 'rtmsg')) {
    const number = attributeNumber(attribute);
    const { value } = attribute;
    if (number === RTA_DST) message.destination = value;
    else if (number === RTA_OIF) message.outputLinkIndex = readU32(value, order, 'RTA_OIF');
    else if (number === RTA_GATEWAY) message.gateway = value;
    else if (number === RTA_PRIORITY) message.metric = readU32(value, order, 'RTA_PRIORITY');
    else if (number === RTA_PREFSRC) message.preferredSource = value;
    else if (number === RTA_TABLE) message.tableId = readU32(value, order, 'RTA_TABLE');
    else otherAttributes.push(attribute);
  }
  return message;
}

export function encodeRouteMessage(message: RouteMessage, order: ByteOrder): Uint8Array {
  const fitsHeader = message.tableId < 256;
  const writer = new ByteWriter(order)
    .u8(message.family)
    .u8(message.destinationLength)
    .u8(message.sourceLength)
    .u8(message.tos)
    .u8(fitsHeader ? message.tableId : RT_TABLE_COMPAT)
    .u8(message.protocol)
    .u8(message.scope)
    .u8(message.type)
    .u32(message.flags);
  if (message.destination !== undefined) writer.attribute(RTA_DST, message.destination);
  if (message.outputLinkIndex !== undefined) writer.attributeU32(RTA_OIF, message.outputLinkIndex);
  if (message.gateway !== undefined) writer.attribute(RTA_GATEWAY, message.gateway);
  if (message.metric !== undefined) writer.attributeU32(RTA_PRIORITY, message.metric);
  if (message.preferredSource !== undefined) writer.attribute(RTA_PREFSRC, message.preferredSource);
  if (!fitsHeader) writer.attributeU32(RTA_TABLE, message.tableId);
  encodeAttributes(writer, message.otherAttributes);
  return writer.finish();
}
