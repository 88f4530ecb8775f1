import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import { type ByteOrder, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct ndmsg, <linux/neighbour.h>, read at v6.12
//   0  u8   ndm_family
//   1  u8   ndm_pad1      2  u16  ndm_pad2
//   4  i32  ndm_ifindex   (host order)
//   8  u16  ndm_state     NUD_* (host order)
//  10  u8   ndm_flags     NTF_*
//  11  u8   ndm_type
export const NDMSG_LENGTH = 12;

export const RTM_NEWNEIGH = 28;
export const RTM_DELNEIGH = 29;
export const RTM_GETNEIGH = 30;

export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

// NDA_*
const NDA_DST = 1;
const NDA_LLADDR = 2;

/** RTM_NEWNEIGH, RTM_DELNEIGH and RTM_GETNEIGH. */
export interface NeighbourMessage {
  readonly family: number;
  readonly linkIndex: number;
  readonly state: number;
  readonly flags: number;
  readonly type: number;
  /** The neighbour's address, bytes in network order. */
  readonly address?: Uint8Array;
  readonly macBytes?: Uint8Array;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeNeighbourMessage(bytes: Uint8Array, order: ByteOrder): NeighbourMessage {
  requireBytes(bytes, NDMSG_LENGTH, 'ndmsg');
  const view = viewOf(bytes);
  const little = order === 'little';
  const otherAttributes: Attribute[] = [];
  const message: Writable<NeighbourMessage> = {
    family: view.getUint8(0),
    linkIndex: view.getInt32(4, little),
    state: view.getUint16(8, little),
    flags: view.getUint8(10),
    type: view.getUint8(11),
    otherAttributes,
  };
  for (const attribute of decodeAttributes(bytes.subarray(NDMSG_LENGTH), order, 'ndmsg')) {
    const number = attributeNumber(attribute);
    if (number === NDA_DST) message.address = attribute.value;
    else if (number === NDA_LLADDR) message.macBytes = attribute.value;
    else otherAttributes.push(attribute);
  }
  return message;
}

export function encodeNeighbourMessage(message: NeighbourMessage, order: ByteOrder): Uint8Array {
  const writer = new ByteWriter(order)
    .u8(message.family)
    .u8(0)
    .u16(0)
    .u32(message.linkIndex >>> 0)
    .u16(message.state)
    .u8(message.flags)
    .u8(message.type);
  if (message.address !== undefined) writer.attribute(NDA_DST, message.address);
  if (message.macBytes !== undefined) writer.attribute(NDA_LLADDR, message.macBytes);
  encodeAttributes(writer, message.otherAttributes);
  return writer.finish();
}
