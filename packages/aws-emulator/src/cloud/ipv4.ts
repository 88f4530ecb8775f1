/** An IPv4 address in dotted form. */
export type Ipv4Address = `${number}.${number}.${number}.${number}`;
/** An IPv4 network in CIDR notation. */
export type Ipv4Cidr = `${Ipv4Address}/${number}`;

/** An IPv4 network as numbers: the base address and how many addresses it spans. */
export interface Ipv4Range {
  readonly base: number;
  readonly size: number;
}

/** The dotted form as a 32-bit number, or `undefined` when the text is no IPv4 address. */
export function ipv4Number(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) {
    return undefined;
  }
  let value = 0;
  for (const octet of octets) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255) {
      return undefined;
    }
    value = value * 256 + Number(octet);
  }
  return value;
}

/** The dotted form of a 32-bit number. */
export function formatIpv4(value: number): Ipv4Address {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** A network from CIDR notation; `undefined` when malformed or when host bits are set. */
export function ipv4Range(text: string): Ipv4Range | undefined {
  const [address, length, ...rest] = text.split('/');
  const base = address === undefined ? undefined : ipv4Number(address);
  if (base === undefined || length === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length)) {
    return undefined;
  }
  const size = 2 ** (32 - Number(length));
  return Number(length) > 32 || base % size !== 0 ? undefined : { base, size };
}

/** Whether `inner` lies within `outer`. */
export const contains = (outer: Ipv4Range, inner: Ipv4Range): boolean =>
  inner.base >= outer.base && inner.base + inner.size <= outer.base + outer.size;

/** Whether two networks share an address. */
export const overlaps = (a: Ipv4Range, b: Ipv4Range): boolean =>
  a.base < b.base + b.size && b.base < a.base + a.size;
