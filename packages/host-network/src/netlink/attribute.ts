import { HostNetworkError } from '../host-network-error.ts';
import { type ByteOrder, requireBytes, viewOf } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

// struct nlattr, <linux/netlink.h>, read at v6.12
//   0  u16  nla_len    header and value, without padding (host order)
//   2  u16  nla_type   bit 15 nested, bit 14 network byte order (host order)
// The next attribute starts at the next multiple of four.
const NLATTR_LENGTH = 4;
const NLA_TYPE_MASK = 0x3fff;

/** One attribute as it stands in a message; `type` keeps its flag bits. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The attribute's number without flag bits. */
export const attributeNumber = (attribute: Attribute): number => attribute.type & NLA_TYPE_MASK;

/**
 * Splits a run of attributes. Values are views on `bytes`.
 *
 * @param structure what the attributes belong to, for the error message.
 */
export function decodeAttributes(
  bytes: Uint8Array,
  order: ByteOrder,
  structure: string,
): readonly Attribute[] {
  const view = viewOf(bytes);
  const attributes: Attribute[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    requireBytes(bytes, NLATTR_LENGTH, `attribute of ${structure}`, offset);
    const length = view.getUint16(offset, order === 'little');
    const type = view.getUint16(offset + 2, order === 'little');
    if (length < NLATTR_LENGTH) {
      throw new HostNetworkError(
        'malformed-message',
        `decoding attribute ${type} of ${structure} at offset ${offset}: its length ${length} is below its own header`,
        { facts: { structure, needed: NLATTR_LENGTH, available: length, offset } },
      );
    }
    requireBytes(bytes, length, `attribute ${type} of ${structure}`, offset);
    attributes.push({ type, value: bytes.subarray(offset + NLATTR_LENGTH, offset + length) });
    offset += (length + 3) & ~3;
  }
  return attributes;
}

/** Writes attributes back as they were, flags included. */
export function encodeAttributes(writer: ByteWriter, attributes: readonly Attribute[]): void {
  for (const { type, value } of attributes) writer.attribute(type, value);
}
