/** An IPv4 address in dotted decimal, without leading zeros. */
export type Ipv4Address = `${number}.${number}.${number}.${number}`;

/** An IPv4 network in its shortest spelling: address with the host bits cleared, slash, prefix length. */
export type Ipv4Cidr = `${Ipv4Address}/${number}`;

const octet = '(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const addressPattern = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);

/** Checks text from outside. @throws {TypeError} when it is not an address. */
export function parseIpv4Address(text: string): Ipv4Address {
  const address = text as Ipv4Address; // the next line checks what the type claims
  ipv4Bytes(address);
  return address;
}

/** The four bytes of an address, in network order. @throws {TypeError} for any other text. */
export function ipv4Bytes(address: Ipv4Address): Uint8Array {
  if (!addressPattern.test(address))
    throw new TypeError(`an IPv4 address such as 10.0.0.1 was expected, not ${quote(address)}`);
  const bytes = new Uint8Array(4);
  let start = 0;
  for (let index = 0; index < 4; index += 1) {
    bytes[index] = Number.parseInt(address.slice(start, start + 3), 10); // up to the dot
    start = address.indexOf('.', start) + 1;
  }
  return bytes;
}

/** The text of a four byte address. @throws {TypeError} for any other length. */
export function ipv4Text(bytes: Uint8Array): Ipv4Address {
  const [a, b, c, d] = bytes;
  if (
    bytes.length !== 4 ||
    a === undefined ||
    b === undefined ||
    c === undefined ||
    d === undefined
  ) {
    throw new TypeError(`an IPv4 address has 4 bytes, not ${bytes.length}`);
  }
  return `${a}.${b}.${c}.${d}`;
}

export interface Ipv4Network {
  /** The network's first address, as an unsigned 32-bit number. */
  readonly base: number;
  readonly prefixLength: number;
}

/** Reads `address/length`; host bits are cleared. @throws {TypeError} for any other text. */
export function parseIpv4Cidr(cidr: string): Ipv4Network {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const prefixLength = /^\d{1,2}$/.test(length) ? Number(length) : Number.NaN;
  if (rest.length > 0 || !(prefixLength <= 32)) {
    throw new TypeError(`an IPv4 network such as 10.0.0.0/16 was expected, not ${quote(cidr)}`);
  }
  const value = ipv4Number(address as Ipv4Address); // checked by ipv4Bytes
  return { base: (value & maskOf(prefixLength)) >>> 0, prefixLength };
}

/** The canonical spelling: host bits cleared. */
export function canonicalCidr(cidr: string): Ipv4Cidr {
  const { base, prefixLength } = parseIpv4Cidr(cidr);
  return `${numberText(base)}/${prefixLength}`;
}

/** The VPC router of a subnet: its first address plus one. */
export const subnetRouter = (cidr: Ipv4Cidr): Ipv4Address =>
  numberText(parseIpv4Cidr(cidr).base + 1);

/** The broadcast address of a network, or undefined for /31 and /32, which have none. */
export function broadcastAddress(cidr: Ipv4Cidr): Ipv4Address | undefined {
  const { base, prefixLength } = parseIpv4Cidr(cidr);
  return prefixLength > 30 ? undefined : numberText((base | ~maskOf(prefixLength)) >>> 0);
}

const maskOf = (prefixLength: number) =>
  prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;

function ipv4Number(address: Ipv4Address): number {
  const bytes = ipv4Bytes(address);
  return new DataView(bytes.buffer).getUint32(0);
}

const numberText = (value: number): Ipv4Address =>
  `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;

const quote = (text: string) => JSON.stringify(String(text).slice(0, 80));
