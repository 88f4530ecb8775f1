import { type Ipv4Address, type Ipv4Cidr, ipv4Bytes, ipv4Text, parseIpv4Address } from './ipv4.ts';
import { type Ipv6Address, type Ipv6Cidr, ipv6Bytes, ipv6Text, parseIpv6Address } from './ipv6.ts';

/** An address of either family. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** A network of either family. */
export type IpCidr = Ipv4Cidr | Ipv6Cidr;

export type IpFamily = 'ipv4' | 'ipv6';

/** The family an address or network is spelled in. */
export const ipFamily = (text: IpAddress | IpCidr): IpFamily =>
  text.includes(':') ? 'ipv6' : 'ipv4';

/** Checks text from outside. @throws {TypeError} when it is not an address. */
export const parseIpAddress = (text: string): IpAddress =>
  text.includes(':') ? parseIpv6Address(text) : parseIpv4Address(text);

/** The four or sixteen bytes of an address, in network order. @throws {TypeError} for any other text. */
export const ipBytes = (address: IpAddress): Uint8Array =>
  isIpv6(address) ? ipv6Bytes(address) : ipv4Bytes(address);

/** The text of a four or sixteen byte address. @throws {TypeError} for any other length. */
export const ipText = (bytes: Uint8Array): IpAddress =>
  bytes.length === 4 ? ipv4Text(bytes) : ipv6Text(bytes);

/** The one spelling of an address that the kernel and `ip` use: IPv6 has many. */
export const canonicalAddress = (address: IpAddress): IpAddress => ipText(ipBytes(address));

const isIpv6 = (address: IpAddress): address is Ipv6Address => ipFamily(address) === 'ipv6';
