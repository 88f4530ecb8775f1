import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import { type ByteOrder, readText, readU32, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct ifaddrmsg, <linux/if_addr.h>, read at v6.12
//   0  u8   ifa_family       4  u32  ifa_index   (host order)
//   1  u8   ifa_prefixlen
//   2  u8   ifa_flags        low byte; all 32 bits in IFA_FLAGS
//   3  u8   ifa_scope
export const IFADDRMSG_LENGTH = 8;

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

// IFA_*
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;

// IFA_F_*
export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;

/** RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR. Addresses are bytes in network order. */
export interface AddressMessage {
  readonly family: number;
  readonly prefixLength: number;
  readonly flags: number;
  readonly scope: number;
  readonly linkIndex: number;
  /** IFA_ADDRESS: the peer's address on point-to-point links, otherwise the same as `local`. */
  readonly address?: Uint8Array;
  readonly local?: Uint8Array;
  readonly label?: string;
  readonly broadcast?: Uint8Array;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeAddressMessage(bytes: Uint8Array, order: ByteOrder): AddressMessage {
  requireBytes(bytes, IFADDRMSG_LENGTH, 'ifaddrmsg');
  const view = viewOf(bytes);
  const otherAttributes: Attribute[] = [];
  const message: Writable<AddressMessage> = {
    family: view.getUint8(0),
    prefixLength: view.getUint8(1),
    flags: view.getUint8(2),
    scope: view.getUint8(3),
    linkIndex: view.getUint32(4, order === 'little'),
    otherAttributes,
  };
  for (const attribute of decodeAttributes(bytes.subarray(IFADDRMSG_LENGTH), order, 'ifaddrmsg')) {
    const number = attributeNumber(attribute);
    const { value } = attribute;
    if (number === IFA_ADDRESS) message.address = value;
    else if (number === IFA_LOCAL) message.local = value;
    else if (number === IFA_LABEL) message.label = readText(value);
    else if (number === IFA_BROADCAST) message.broadcast = value;
    else if (number === IFA_FLAGS) message.flags = readU32(value, order, 'IFA_FLAGS');
    else otherAttributes.push(attribute);
  }
  return message;
}

export function encodeAddressMessage(message: AddressMessage, order: ByteOrder): Uint8Array {
  const writer = new ByteWriter(order)
    .u8(message.family)
    .u8(message.prefixLength)
    .u8(message.flags & 0xff)
    .u8(message.scope)
    .u32(message.linkIndex);
  if (message.address !== undefined) writer.attribute(IFA_ADDRESS, message.address);
  if (message.local !== undefined) writer.attribute(IFA_LOCAL, message.local);
  if (message.label !== undefined) writer.attributeText(IFA_LABEL, message.label);
  if (message.broadcast !== undefined) writer.attribute(IFA_BROADCAST, message.broadcast);
  if (message.flags > 0xff) writer.attributeU32(IFA_FLAGS, message.flags);
  encodeAttributes(writer, message.otherAttributes);
  return writer.finish();
}
