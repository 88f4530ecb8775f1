// Protocol buffers on the wire, as far as CRI needs them: varints and length-delimited fields.
// https://protobuf.dev/programming-guides/encoding/

/** A field to write: text, message (as encoded), or integer of 0 and above. */
export type Field = readonly [number: number, value: string | Uint8Array | number];

/** Fields as read, by number: integers and, for texts and messages alike, bytes. */
export type ProtoFields = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

export function encodeFields(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') {
        return Buffer.concat([encodeVarint((number << 3) | VARINT), encodeVarint(value)]);
      }
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      const tag = encodeVarint((number << 3) | LENGTH_DELIMITED);
      return Buffer.concat([tag, encodeVarint(bytes.length), bytes]);
    }),
  );
}

/** @throws {TypeError} for a wire type that is none of the four in use. */
export function decodeFields(bytes: Uint8Array): ProtoFields {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset] ?? 0;
      offset += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    let value: bigint | Uint8Array;
    if (wireType === VARINT) value = varint();
    else if (wireType === LENGTH_DELIMITED) value = take(Number(varint()));
    else if (wireType === FIXED64) value = take(8);
    else if (wireType === FIXED32) value = take(4);
    else
      throw new TypeError(
        `protobuf wire type ${wireType} of field ${tag >> 3}: expected 0, 1, 2 or 5`,
      );
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}
