import type { ByteOrder } from './byte-reader.ts';

const NLA_F_NESTED = 0x8000;

/** Builds a message front to back; attributes are padded to four bytes as <linux/netlink.h> asks. */
export class ByteWriter {
  readonly order: ByteOrder;
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  constructor(order: ByteOrder) {
    this.order = order;
  }

  u8(value: number): this {
    const at = this.#advance(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#advance(2);
    this.#view.setUint16(at, value, this.order === 'little');
    return this;
  }

  u32(value: number): this {
    const at = this.#advance(4);
    this.#view.setUint32(at, value, this.order === 'little');
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#advance(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    return this.#attribute(type, () => this.bytes(value));
  }

  attributeU8(type: number, value: number): this {
    return this.#attribute(type, () => this.u8(value));
  }

  attributeU16(type: number, value: number): this {
    return this.#attribute(type, () => this.u16(value));
  }

  attributeU32(type: number, value: number): this {
    return this.#attribute(type, () => this.u32(value));
  }

  attributeText(type: number, value: string): this {
    return this.#attribute(type, () => this.bytes(Buffer.from(`${value}\0`)));
  }

  /** An attribute that holds whatever `write` adds, flagged as nested. */
  nested(type: number, write: (writer: this) => void): this {
    return this.#attribute(type | NLA_F_NESTED, () => write(this));
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #attribute(type: number, write: () => void): this {
    const start = this.#length;
    this.u16(0).u16(type);
    write();
    const length = this.#length - start;
    if (length > 0xffff)
      throw new RangeError(`netlink attribute ${type} of ${length} bytes exceeds 65535`);
    this.#view.setUint16(start, length, this.order === 'little');
    this.#advance(-length & 3);
    return this;
  }

  #advance(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}
