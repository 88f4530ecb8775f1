import { type IpAddress, type IpCidr, ipFamily } from '../ip.ts';
import {
  broadcastAddress,
  canonicalCidr,
  type Ipv4Address,
  type Ipv4Cidr,
  subnetRouter,
} from '../ipv4.ts';
import { prefixBytes, prefixText } from '../netlink/ip-prefix.ts';

/** The VPC's router in IPv6, on every subnet. */
export const IPV6_ROUTER = 'fe80:ec2::1';

/** What an address on a subnet needs to know of it. */
export interface Subnet {
  readonly cidr: IpCidr;
  readonly prefixLength: number;
  readonly router: IpAddress;
  readonly broadcast?: Ipv4Address;
}

/** Reads a subnet's CIDR. @throws {TypeError} for any other text. */
export function subnetOf(cidr: IpCidr): Subnet {
  if (ipFamily(cidr) === 'ipv6') {
    const { bytes, length } = prefixBytes(cidr);
    const network = bytes.map((byte, at) => byte & byteMask(length - 8 * at));
    return { cidr: prefixText(network, length), prefixLength: length, router: IPV6_ROUTER };
  }
  const canonical: Ipv4Cidr = canonicalCidr(cidr);
  const broadcast = broadcastAddress(canonical);
  return {
    cidr: canonical,
    prefixLength: prefixBytes(canonical).length,
    router: subnetRouter(canonical),
    ...(broadcast === undefined ? {} : { broadcast }),
  };
}

/** The first `bits` bits of a byte, which may be none or more than there are. */
const byteMask = (bits: number) => 0xff & ~(0xff >> Math.min(Math.max(bits, 0), 8));

/** `10.0.0.1` → `10.0.0.1/32`, `fd00::1` → `fd00::1/128`. */
export const hostCidr = (address: IpAddress): IpCidr =>
  `${address}/${ipFamily(address) === 'ipv6' ? 128 : 32}` as IpCidr; // the template type of a union of two
