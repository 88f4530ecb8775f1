import { type IpAddress, isOfIpv6 } from './ip-address.ts';
import { type Ipv4Prefix, isIpv4Prefix, prefixOf } from './ipv4-prefix.ts';
import { type Ipv6Prefix, ipv6PrefixOf, isIpv6Prefix } from './ipv6-prefix.ts';

/** What EC2 delegates to an ENI as one: a /28, or a /80 of IPv6. */
export type IpPrefix = Ipv4Prefix | Ipv6Prefix;

/** Tells whether a text is a prefix of either family, by its first address in canonical spelling. */
export const isIpPrefix = (text: string): text is IpPrefix =>
  isIpv4Prefix(text) || isIpv6Prefix(text);

/** Tells prefixes from addresses, of what is known to be one of the two. */
export const isPrefix = (block: IpAddress | IpPrefix): block is IpPrefix => block.includes('/');

/** The opposite of {@link isPrefix}. */
export const isAddress = (block: IpAddress | IpPrefix): block is IpAddress => !isPrefix(block);

/** A /80 has more addresses than can be listed. */
export const isSparse = (prefix: IpPrefix): prefix is Ipv6Prefix => prefix.includes(':');

/** The /28 or /80 that an address is in, whether or not EC2 assigns it. */
export const prefixAround = (address: IpAddress): IpPrefix =>
  isOfIpv6(address) ? ipv6PrefixOf(address) : prefixOf(address);
