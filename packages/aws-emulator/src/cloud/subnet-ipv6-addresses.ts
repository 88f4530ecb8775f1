import ipaddr from 'ipaddr.js';

const PREFIX_BITS = 48n;
const PREFIX_COUNT = 1 << 16;

/**
 * The IPv6 side of a subnet: single addresses and /80 prefixes out of its /64.
 *
 * A /64 has 65,536 blocks of /80. Single addresses come out of the first block and rise from its
 * seventeenth address; prefixes are the other blocks, in rising order.
 */
export class SubnetIpv6Addresses {
  readonly #base: bigint;
  readonly #addresses = new Set<bigint>();
  readonly #prefixes = new Set<number>();
  #nextAddress = 16n;
  #nextPrefix = 1;

  /** @throws {TypeError} when the CIDR is not an IPv6 /64. */
  constructor(cidr: string) {
    const [network, length] = ipaddr.IPv6.isValidCIDR(cidr) ? ipaddr.IPv6.parseCIDR(cidr) : [];
    if (network === undefined || length !== 64) {
      throw new TypeError(`subnet IPv6 CIDR: expected a /64, got ${cidr}`);
    }
    this.#base = toBigInt(network.toByteArray());
  }

  takeAddress(): string {
    while (this.#addresses.has(this.#nextAddress)) {
      this.#nextAddress += 1n;
    }
    const offset = this.#nextAddress;
    this.#nextAddress += 1n;
    this.#addresses.add(offset);
    return formatIpv6(this.#base + offset);
  }

  /** Takes this very address; `undefined` when it is outside the subnet or in use. */
  takeGivenAddress(text: string): string | undefined {
    const offset = this.#offsetOf(text);
    if (offset === undefined || offset < 4n || this.#addresses.has(offset)) {
      return undefined;
    }
    if (this.#prefixes.has(Number(offset >> PREFIX_BITS))) {
      return undefined;
    }
    this.#addresses.add(offset);
    return formatIpv6(this.#base + offset);
  }

  /** Takes a free /80; `undefined` when the subnet has none left. */
  takePrefix(): string | undefined {
    for (let tried = 0; tried < PREFIX_COUNT; tried += 1) {
      const index = this.#nextPrefix;
      this.#nextPrefix = (index + 1) % PREFIX_COUNT;
      if (this.#isFreeBlock(index)) {
        return this.#takeBlock(index);
      }
    }
    return undefined;
  }

  /** Takes this very /80; `undefined` when it is none of the subnet's or in use. */
  takeGivenPrefix(cidr: string): string | undefined {
    const [address = '', length] = cidr.split('/');
    const offset = this.#offsetOf(address);
    if (length !== '80' || offset === undefined || offset % (1n << PREFIX_BITS) !== 0n) {
      return undefined;
    }
    const index = Number(offset >> PREFIX_BITS);
    return this.#isFreeBlock(index) ? this.#takeBlock(index) : undefined;
  }

  releaseAddress(text: string): void {
    this.#addresses.delete(this.#offsetOf(text) ?? -1n);
  }

  releasePrefix(cidr: string): void {
    this.#prefixes.delete(Number((this.#offsetOf(cidr.split('/')[0] ?? '') ?? -1n) >> PREFIX_BITS));
  }

  #isFreeBlock(index: number): boolean {
    // Block 0 holds the addresses that AWS keeps; a block with a single address is no prefix.
    return (
      index !== 0 &&
      !this.#prefixes.has(index) &&
      ![...this.#addresses].some((offset) => offset >> PREFIX_BITS === BigInt(index))
    );
  }

  #takeBlock(index: number): string {
    this.#prefixes.add(index);
    return `${formatIpv6(this.#base + (BigInt(index) << PREFIX_BITS))}/80`;
  }

  #offsetOf(text: string): bigint | undefined {
    if (!ipaddr.IPv6.isValid(text)) {
      return undefined;
    }
    const offset = toBigInt(ipaddr.IPv6.parse(text).toByteArray()) - this.#base;
    return offset >= 0n && offset < 1n << 64n ? offset : undefined;
  }
}

/** The shortest spelling of an IPv6 address (RFC 5952), or `undefined` when it is none. */
export const canonicalIpv6 = (text: string): string | undefined =>
  ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toRFC5952String() : undefined;

const toBigInt = (bytes: readonly number[]): bigint =>
  bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

function formatIpv6(value: bigint): string {
  const bytes = Array.from({ length: 16 }, (_, i) =>
    Number((value >> BigInt(8 * (15 - i))) & 255n),
  );
  return new ipaddr.IPv6(bytes).toRFC5952String();
}
