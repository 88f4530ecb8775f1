import type { Ipv4Address } from './ipv4-address.ts';
import { addressesOf, type Ipv4Prefix, isIpv4Prefix } from './ipv4-prefix.ts';

/** What EC2 assigns and takes back as one: an address or a prefix. */
export type Ec2Block = Ipv4Address | Ipv4Prefix;

/** The addresses of a block: one or sixteen. */
export const addressesIn = (block: Ec2Block): readonly Ipv4Address[] =>
  isIpv4Prefix(block) ? addressesOf(block) : [block];
