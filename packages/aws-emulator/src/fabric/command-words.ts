import ipaddr from 'ipaddr.js';
import { FabricError } from './fabric-error.ts';

// Every text that becomes a word of an `ip -batch` line or of an nft script passes through here first,
// so that no caller can smuggle a second command into one.

/** A CIDR block in canonical form: host bits cleared. */
export interface Ipv4Block {
  readonly cidr: string;
  readonly network: string;
  readonly prefixLength: number;
}

/** Returns `text` when it is a dotted IPv4 address. */
export function ipv4Address(text: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) throw invalid('an IPv4 address', text);
  return text;
}

/** Parses `a.b.c.d/length`. */
export function ipv4Block(text: string): Ipv4Block {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) throw invalid('an IPv4 CIDR block', text);
  const network = ipaddr.IPv4.networkAddressFromCIDR(text).toString();
  const prefixLength = Number(text.slice(text.indexOf('/') + 1));
  return { cidr: `${network}/${prefixLength}`, network, prefixLength };
}

/** Brings what EC2 assigns, an address or a prefix of either family, into the one form that routes have. */
export const destination = (text: string): string =>
  isIpv6(text)
    ? ipv6Cidr(text.includes('/') ? text : `${text}/128`)
    : ipv4Block(text.includes('/') ? text : `${text}/32`).cidr;

/** Tells the families apart. */
export const isIpv6 = (text: string): boolean => text.includes(':');

function ipv6Cidr(text: string): string {
  if (!ipaddr.IPv6.isValidCIDR(text) || text.includes('%')) throw invalid('an IPv6 CIDR', text);
  const length = text.slice(text.indexOf('/') + 1);
  return `${ipaddr.IPv6.networkAddressFromCIDR(text).toRFC5952String()}/${length}`;
}

/** The link-local address that a link gives itself by its MAC (RFC 4291, appendix A). */
export function linkLocalAddress(mac: string): string {
  const [first = 0, ...rest] = macAddress(mac)
    .split(':')
    .map((octet) => Number.parseInt(octet, 16));
  const id = [first ^ 0x02, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return new ipaddr.IPv6([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...id]).toRFC5952String();
}

/** The address `offset` places after a block's base: 1 is a subnet's router, 2 its resolver. */
export function addressInBlock(block: Ipv4Block, offset: number): string {
  const octets = ipaddr.IPv4.parse(block.network).octets;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + offset;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

/** Returns `text` when it is an IPv4 address inside a canonical CIDR block. */
export function requireInside(cidr: string, text: string): string {
  const isInside = ipaddr.IPv4.parse(ipv4Address(text)).match(ipaddr.IPv4.parseCIDR(cidr));
  if (!isInside) throw invalid(`an address in ${cidr}`, text);
  return text;
}

/** Returns `text` when it is a MAC address in colon notation. */
export function macAddress(text: string): string {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw invalid('a MAC address', text);
  return text.toLowerCase();
}

/** Returns `text` when it can name a namespace or serve as a link's alias: letters, digits, `-`, `_`, `.`. */
export function plainName(text: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(text)) {
    throw invalid('a name of at most 63 letters, digits, dots, dashes or underscores', text);
  }
  return text;
}

/** Returns `value` when it is a whole number from `low` to `high`. */
export function wholeNumber(
  what: string,
  value: number,
  range: { readonly low: number; readonly high: number },
): number {
  if (!Number.isInteger(value) || value < range.low || value > range.high) {
    throw invalid(`a ${what} from ${range.low} to ${range.high}`, String(value));
  }
  return value;
}

const invalid = (expected: string, got: string) =>
  new FabricError('invalid-argument', `expected ${expected}, got ${JSON.stringify(got)}`, {
    facts: { expected, got },
  });
