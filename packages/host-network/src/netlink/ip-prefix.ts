import { type IpAddress, type IpCidr, ipBytes, ipText } from '../ip.ts';

/** A prefix as route netlink carries it: address bytes in one attribute, the length in the header. */
export interface PrefixBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Reads `address/length`, or an address alone, which is a prefix of full length. */
export function prefixBytes(text: IpAddress | IpCidr): PrefixBytes {
  const [address, length] = text.split('/');
  const bytes = ipBytes(address as IpAddress); // ipBytes checks
  return { bytes, length: length === undefined ? bytes.length * 8 : Number(length) };
}

/** The address with its length. */
export const prefixText = (bytes: Uint8Array, length: number): IpCidr =>
  `${ipText(bytes)}/${length}`;

/** The same, without the length where it is full, as `ip` prints it. */
export const shortPrefixText = (bytes: Uint8Array, length: number): IpAddress | IpCidr =>
  length === bytes.length * 8 ? ipText(bytes) : prefixText(bytes, length);

/** `10.0.0.1/32` → `10.0.0.1`, `10.0.0.0/16` → `10.0.0.0/16`. */
export function withoutFullLength(cidr: IpCidr): IpAddress | IpCidr {
  const { bytes, length } = prefixBytes(cidr);
  return shortPrefixText(bytes, length);
}
