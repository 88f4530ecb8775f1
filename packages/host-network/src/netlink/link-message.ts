import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import {
  type ByteOrder,
  readText,
  readU8,
  readU16,
  readU32,
  requireBytes,
  viewOf,
} from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct ifinfomsg, <linux/rtnetlink.h>, read at v6.12
//   0  u8   ifi_family
//   1  u8   padding
//   2  u16  ifi_type     ARPHRD_* (host order, as all fields below)
//   4  i32  ifi_index
//   8  u32  ifi_flags    IFF_*
//  12  u32  ifi_change   which flags to change
export const IFINFOMSG_LENGTH = 16;

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;

// <linux/if.h>
export const IFF_UP = 0x1;
export const IFF_LOOPBACK = 0x8;
export const IFF_LOWER_UP = 0x10000;

/** Asks the kernel to leave counters out of its answer. <linux/rtnetlink.h> */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3;

// IFLA_*, <linux/if_link.h>
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_TXQLEN = 13;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_NUM_TX_QUEUES = 31;
const IFLA_NUM_RX_QUEUES = 32;
const IFLA_LINK_NETNSID = 37;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_VLAN_ID = 1;

/** RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK and RTM_SETLINK. */
export interface LinkMessage {
  readonly family: number;
  readonly deviceType: number;
  /** 0 when the link is named by `name`, `group`, or not at all. */
  readonly index: number;
  readonly flags: number;
  readonly changeMask: number;
  readonly macBytes?: Uint8Array;
  readonly name?: string;
  readonly mtuBytes?: number;
  /** IFLA_LINK: the other end of a veth, in the namespace of that end; the parent of a VLAN. */
  readonly linkedIndex?: number;
  readonly transmitQueueLength?: number;
  readonly transmitQueueCount?: number;
  readonly receiveQueueCount?: number;
  readonly operationalState?: number;
  readonly info?: LinkInfo;
  readonly group?: number;
  readonly netnsFd?: number;
  readonly extensionMask?: number;
  /** The namespace of the other end as this namespace numbers it. */
  readonly peerNetnsId?: number;
  readonly otherAttributes: readonly Attribute[];
}

/** IFLA_LINKINFO. `data` of kinds other than a VLAN or a veth request stays as bytes. */
export interface LinkInfo {
  readonly kind: string;
  readonly vethPeer?: LinkMessage;
  readonly vlan?: { readonly id: number; readonly otherAttributes: readonly Attribute[] };
  readonly data?: Uint8Array;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeLinkMessage(bytes: Uint8Array, order: ByteOrder): LinkMessage {
  requireBytes(bytes, IFINFOMSG_LENGTH, 'ifinfomsg');
  const view = viewOf(bytes);
  const little = order === 'little';
  const otherAttributes: Attribute[] = [];
  const message: Writable<LinkMessage> = {
    family: view.getUint8(0),
    deviceType: view.getUint16(2, little),
    index: view.getInt32(4, little),
    flags: view.getUint32(8, little),
    changeMask: view.getUint32(12, little),
    otherAttributes,
  };
  for (const attribute of decodeAttributes(bytes.subarray(IFINFOMSG_LENGTH), order, 'ifinfomsg')) {
    if (!readLinkAttribute(message, attribute, order)) otherAttributes.push(attribute);
  }
  return message;
}

function readLinkAttribute(
  message: Writable<LinkMessage>,
  attribute: Attribute,
  order: ByteOrder,
): boolean {
  const { value } = attribute;
  switch (attributeNumber(attribute)) {
    case IFLA_ADDRESS:
      message.macBytes = value;
      return true;
    case IFLA_IFNAME:
      message.name = readText(value);
      return true;
    case IFLA_MTU:
      message.mtuBytes = readU32(value, order, 'IFLA_MTU');
      return true;
    case IFLA_LINK:
      message.linkedIndex = readU32(value, order, 'IFLA_LINK');
      return true;
    case IFLA_TXQLEN:
      message.transmitQueueLength = readU32(value, order, 'IFLA_TXQLEN');
      return true;
    case IFLA_NUM_TX_QUEUES:
      message.transmitQueueCount = readU32(value, order, 'IFLA_NUM_TX_QUEUES');
      return true;
    case IFLA_NUM_RX_QUEUES:
      message.receiveQueueCount = readU32(value, order, 'IFLA_NUM_RX_QUEUES');
      return true;
    case IFLA_OPERSTATE:
      message.operationalState = readU8(value, 'IFLA_OPERSTATE');
      return true;
    case IFLA_LINKINFO:
      message.info = decodeLinkInfo(value, order);
      return true;
    case IFLA_GROUP:
      message.group = readU32(value, order, 'IFLA_GROUP');
      return true;
    case IFLA_NET_NS_FD:
      message.netnsFd = readU32(value, order, 'IFLA_NET_NS_FD');
      return true;
    case IFLA_EXT_MASK:
      message.extensionMask = readU32(value, order, 'IFLA_EXT_MASK');
      return true;
    case IFLA_LINK_NETNSID:
      message.peerNetnsId = readU32(value, order, 'IFLA_LINK_NETNSID');
      return true;
    default:
      return false;
  }
}

function decodeLinkInfo(bytes: Uint8Array, order: ByteOrder): LinkInfo {
  const otherAttributes: Attribute[] = [];
  const info: Writable<LinkInfo> = { kind: '', otherAttributes };
  for (const attribute of decodeAttributes(bytes, order, 'IFLA_LINKINFO')) {
    const number = attributeNumber(attribute);
    if (number === IFLA_INFO_KIND) info.kind = readText(attribute.value);
    else if (number === IFLA_INFO_DATA) info.data = attribute.value;
    else otherAttributes.push(attribute);
  }
  const { data, ...rest } = info;
  const known = data === undefined ? undefined : decodeInfoData(info.kind, data, order);
  return known === undefined ? info : { ...rest, ...known };
}

/** Undefined for kinds, and contents, that stay as bytes. */
function decodeInfoData(
  kind: string,
  data: Uint8Array,
  order: ByteOrder,
): Pick<LinkInfo, 'vethPeer' | 'vlan'> | undefined {
  if (kind !== 'veth' && kind !== 'vlan') return undefined;
  const attributes = decodeAttributes(data, order, 'IFLA_INFO_DATA');
  const wanted = kind === 'veth' ? VETH_INFO_PEER : IFLA_VLAN_ID;
  const known = attributes.find((attribute) => attributeNumber(attribute) === wanted);
  const otherAttributes = attributes.filter((attribute) => attribute !== known);
  if (known === undefined) return undefined;
  if (kind === 'vlan') {
    return { vlan: { id: readU16(known.value, order, 'IFLA_VLAN_ID'), otherAttributes } };
  }
  return otherAttributes.length > 0
    ? undefined
    : { vethPeer: decodeLinkMessage(known.value, order) };
}

export function encodeLinkMessage(message: LinkMessage, order: ByteOrder): Uint8Array {
  const writer = new ByteWriter(order);
  writeLinkMessage(writer, message);
  return writer.finish();
}

function writeLinkMessage(writer: ByteWriter, message: LinkMessage): void {
  writer.u8(message.family).u8(0).u16(message.deviceType);
  writer
    .u32(message.index >>> 0)
    .u32(message.flags)
    .u32(message.changeMask);
  const u32 = (type: number, value: number | undefined) => {
    if (value !== undefined) writer.attributeU32(type, value);
  };
  if (message.macBytes !== undefined) writer.attribute(IFLA_ADDRESS, message.macBytes);
  if (message.name !== undefined) writer.attributeText(IFLA_IFNAME, message.name);
  u32(IFLA_MTU, message.mtuBytes);
  u32(IFLA_LINK, message.linkedIndex);
  u32(IFLA_TXQLEN, message.transmitQueueLength);
  if (message.operationalState !== undefined) {
    writer.attributeU8(IFLA_OPERSTATE, message.operationalState);
  }
  const { info } = message;
  if (info !== undefined) writer.nested(IFLA_LINKINFO, () => writeLinkInfo(writer, info));
  u32(IFLA_GROUP, message.group);
  u32(IFLA_NET_NS_FD, message.netnsFd);
  u32(IFLA_EXT_MASK, message.extensionMask);
  u32(IFLA_NUM_TX_QUEUES, message.transmitQueueCount);
  u32(IFLA_NUM_RX_QUEUES, message.receiveQueueCount);
  u32(IFLA_LINK_NETNSID, message.peerNetnsId);
  encodeAttributes(writer, message.otherAttributes);
}

function writeLinkInfo(writer: ByteWriter, info: LinkInfo): void {
  writer.attributeText(IFLA_INFO_KIND, info.kind);
  const { data, vethPeer, vlan } = info;
  if (vethPeer !== undefined) {
    writer.nested(IFLA_INFO_DATA, () =>
      writer.nested(VETH_INFO_PEER, () => writeLinkMessage(writer, vethPeer)),
    );
  } else if (vlan !== undefined) {
    writer.nested(IFLA_INFO_DATA, () => {
      writer.attributeU16(IFLA_VLAN_ID, vlan.id);
      encodeAttributes(writer, vlan.otherAttributes);
    });
  } else if (data !== undefined) {
    writer.nested(IFLA_INFO_DATA, () => writer.bytes(data));
  }
  encodeAttributes(writer, info.otherAttributes);
}
