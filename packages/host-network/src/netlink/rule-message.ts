import {
  type Attribute,
  attributeNumber,
  decodeAttributes,
  encodeAttributes,
} from './attribute.ts';
import { type ByteOrder, readText, readU8, readU32, requireBytes, viewOf } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { Writable } from './writable.ts';

// struct fib_rule_hdr, <linux/fib_rules.h>, read at v6.12
//   0  u8  family      4  u8   table    RT_TABLE_*; FRA_TABLE when it does not fit
//   1  u8  dst_len     5  u8   res1
//   2  u8  src_len     6  u8   res2
//   3  u8  tos         7  u8   action   FR_ACT_*
//                      8  u32  flags    FIB_RULE_* (host order)
export const FIB_RULE_HDR_LENGTH = 12;

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

export const FR_ACT_TO_TBL = 1;
const RT_TABLE_COMPAT = 252;

// FRA_*
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_PROTOCOL = 21;
const FRA_IP_PROTO = 22;

/** RTM_NEWRULE, RTM_DELRULE and RTM_GETRULE. Addresses are bytes in network order. */
export interface RuleMessage {
  readonly family: number;
  readonly destinationLength: number;
  readonly sourceLength: number;
  readonly tos: number;
  /** 0 in a delete request: any table. */
  readonly tableId: number;
  readonly action: number;
  readonly flags: number;
  readonly destination?: Uint8Array;
  readonly source?: Uint8Array;
  readonly inputLinkName?: string;
  readonly priority?: number;
  readonly mark?: number;
  readonly markMask?: number;
  /** RTPROT_*: who made the rule. */
  readonly protocol?: number;
  /** IPPROTO_*: what the packet carries. */
  readonly ipProtocol?: number;
  readonly otherAttributes: readonly Attribute[];
}

export function decodeRuleMessage(bytes: Uint8Array, order: ByteOrder): RuleMessage {
  requireBytes(bytes, FIB_RULE_HDR_LENGTH, 'fib_rule_hdr');
  const view = viewOf(bytes);
  const otherAttributes: Attribute[] = [];
  const message: Writable<RuleMessage> = {
    family: view.getUint8(0),
    destinationLength: view.getUint8(1),
    sourceLength: view.getUint8(2),
    tos: view.getUint8(3),
    tableId: view.getUint8(4),
    action: view.getUint8(7),
    flags: view.getUint32(8, order === 'little'),
    otherAttributes,
  };
  const run = decodeAttributes(bytes.subarray(FIB_RULE_HDR_LENGTH), order, 'fib_rule_hdr');
  for (const attribute of run) {
    if (!readRuleAttribute(message, attribute, order)) otherAttributes.push(attribute);
  }
  return message;
}

function readRuleAttribute(
  message: Writable<RuleMessage>,
  attribute: Attribute,
  order: ByteOrder,
): boolean {
  const { value } = attribute;
  switch (attributeNumber(attribute)) {
    case FRA_DST:
      message.destination = value;
      return true;
    case FRA_SRC:
      message.source = value;
      return true;
    case FRA_IIFNAME:
      message.inputLinkName = readText(value);
      return true;
    case FRA_PRIORITY:
      message.priority = readU32(value, order, 'FRA_PRIORITY');
      return true;
    case FRA_FWMARK:
      message.mark = readU32(value, order, 'FRA_FWMARK');
      return true;
    case FRA_TABLE:
      message.tableId = readU32(value, order, 'FRA_TABLE');
      return true;
    case FRA_FWMASK:
      message.markMask = readU32(value, order, 'FRA_FWMASK');
      return true;
    case FRA_PROTOCOL:
      message.protocol = readU8(value, 'FRA_PROTOCOL');
      return true;
    case FRA_IP_PROTO:
      message.ipProtocol = readU8(value, 'FRA_IP_PROTO');
      return true;
    default:
      return false;
  }
}

export function encodeRuleMessage(message: RuleMessage, order: ByteOrder): Uint8Array {
  const fitsHeader = message.tableId < 256;
  const writer = new ByteWriter(order)
    .u8(message.family)
    .u8(message.destinationLength)
    .u8(message.sourceLength)
    .u8(message.tos)
    .u8(fitsHeader ? message.tableId : RT_TABLE_COMPAT)
    .u16(0)
    .u8(message.action)
    .u32(message.flags);
  if (message.destination !== undefined) writer.attribute(FRA_DST, message.destination);
  if (message.source !== undefined) writer.attribute(FRA_SRC, message.source);
  if (message.inputLinkName !== undefined) {
    writer.attributeText(FRA_IIFNAME, message.inputLinkName);
  }
  if (message.priority !== undefined) writer.attributeU32(FRA_PRIORITY, message.priority);
  if (message.mark !== undefined) writer.attributeU32(FRA_FWMARK, message.mark);
  if (!fitsHeader) writer.attributeU32(FRA_TABLE, message.tableId);
  if (message.markMask !== undefined) writer.attributeU32(FRA_FWMASK, message.markMask);
  if (message.protocol !== undefined) writer.attributeU8(FRA_PROTOCOL, message.protocol);
  if (message.ipProtocol !== undefined) writer.attributeU8(FRA_IP_PROTO, message.ipProtocol);
  encodeAttributes(writer, message.otherAttributes);
  return writer.finish();
}
