import ipaddr from 'ipaddr.js';
import { type Ipv6Address, isIpv6Address, parseIpv6Address } from './ipv6-address.ts';

/** A /80 by its first address, such as `2001:db8:0:1:5::/80`; made by {@link parseIpv6Prefix}. */
export type Ipv6Prefix = `${Ipv6Address}/80`;

/** Addresses of a /80; all of them are for pods, the first and the last too. */
export const IPV6_PREFIX_SIZE = 2 ** 48;

const LENGTH = '/80';
/** Of the eight groups of sixteen bits, those that say which prefix it is. */
const NETWORK_GROUPS = 5;

/** Tells whether a text is a /80 by its first address, as RFC 5952 spells it. */
export function isIpv6Prefix(text: string): text is Ipv6Prefix {
  const base = text.slice(0, -LENGTH.length);
  return text.endsWith(LENGTH) && isIpv6Address(base) && ipv6PrefixOf(base) === text;
}

/**
 * Parses a /80 by its first address, in any spelling.
 *
 * @throws {TypeError} when the text is anything else.
 */
export function parseIpv6Prefix(text: string): Ipv6Prefix {
  const [address = '', ...rest] = text.split('/');
  const base = rest.join('/') === LENGTH.slice(1) ? parseIpv6Address(address) : undefined;
  if (base === undefined || ipv6PrefixOf(base) !== `${base}${LENGTH}`) {
    throw new TypeError(
      `a prefix such as 2001:db8:0:1:5::/80 was expected, got ${JSON.stringify(text)}; the last 48 bits of its first address are 0`,
    );
  }
  return `${base}${LENGTH}`;
}

/** The /80 that an address is in, whether or not EC2 assigns it. */
export const ipv6PrefixOf = (address: Ipv6Address): Ipv6Prefix =>
  `${textOf([...networkOf(address), 0, 0, 0])}${LENGTH}`;

/** The address that many places after the first one of a prefix. */
export function ipv6AddressAt(prefix: Ipv6Prefix, offset: number): Ipv6Address {
  const network = networkOf(prefix.slice(0, -LENGTH.length));
  const host = [2 ** 32, 2 ** 16, 1].map((unit) => Math.floor(offset / unit) % 2 ** 16);
  return textOf([...network, ...host]);
}

const networkOf = (address: string): readonly number[] =>
  ipaddr.IPv6.parse(address).parts.slice(0, NETWORK_GROUPS);

const textOf = (groups: readonly number[]): Ipv6Address =>
  new ipaddr.IPv6([...groups]).toRFC5952String() as Ipv6Address; // all of them have a colon
