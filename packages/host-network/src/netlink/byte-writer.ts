import type { ByteOrder } from './byte-reader.ts';

const NLA_F_NESTED = 0x8000;
/** Of most messages' payloads. */
const USUAL_BYTES = 256;

/** Builds a message front to back; attributes are padded to four bytes as <linux/netlink.h> asks. */
export class ByteWriter {
  readonly order: ByteOrder;
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacityBytes what it takes before it has to grow. */
  constructor(order: ByteOrder, capacityBytes = USUAL_BYTES) {
    this.order = order;
    this.#bytes = Buffer.allocUnsafe(capacityBytes);
  }

  u8(value: number): this {
    return this.#integer(value, 1);
  }

  u16(value: number): this {
    return this.#integer(value, 2);
  }

  u32(value: number): this {
    return this.#integer(value, 4);
  }

  bytes(value: Uint8Array): this {
    const at = this.#advance(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    const start = this.#begin(type);
    return this.bytes(value).#end(type, start);
  }

  attributeU8(type: number, value: number): this {
    const start = this.#begin(type);
    return this.u8(value).#end(type, start);
  }

  attributeU16(type: number, value: number): this {
    const start = this.#begin(type);
    return this.u16(value).#end(type, start);
  }

  attributeU32(type: number, value: number): this {
    const start = this.#begin(type);
    return this.u32(value).#end(type, start);
  }

  attributeText(type: number, value: string): this {
    return this.attribute(type, Buffer.from(`${value}\0`));
  }

  /** An attribute that holds whatever `write` adds, flagged as nested. */
  nested(type: number, write: (writer: this) => void): this {
    const start = this.#begin(type | NLA_F_NESTED);
    write(this);
    return this.#end(type, start);
  }

  /** Zeroes up to the next multiple of four. */
  pad(): this {
    const count = -this.#length & 3;
    const at = this.#advance(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @returns where the attribute starts; its length is not known yet. */
  #begin(type: number): number {
    const start = this.#length;
    this.u16(0).u16(type);
    return start;
  }

  #end(type: number, start: number): this {
    const length = this.#length - start;
    if (length > 0xffff) {
      throw new RangeError(`netlink attribute ${type} of ${length} bytes exceeds 65535`);
    }
    this.#store(start, length, 2);
    return this.pad();
  }

  #integer(value: number, size: number): this {
    this.#store(this.#advance(size), value, size);
    return this;
  }

  /** Byte by byte: a view costs more to make than a message to write. */
  #store(at: number, value: number, size: number): void {
    for (let index = 0; index < size; index += 1) {
      const place = this.order === 'little' ? index : size - 1 - index;
      this.#bytes[at + index] = value >>> (8 * place);
    }
  }

  #advance(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }
}
