import { type IpAddress, type IpCidr, type IpFamily, ipFamily } from '../ip.ts';
import { prefixBytes } from '../netlink/ip-prefix.ts';
import { subnetOf } from './subnet.ts';

/** Addresses by which pods of an IPv6 cluster leave the node in IPv4; the same on every node. */
export const EGRESS_IPV4_CIDR = '169.254.172.0/22';

/** Addresses by which pods of an IPv4 cluster leave the node in IPv6, as iptables and ip print the range. */
export const EGRESS_IPV6_CIDR = 'fd00::ac:0/118';

export const egressCidr = (family: IpFamily): IpCidr =>
  family === 'ipv4' ? EGRESS_IPV4_CIDR : EGRESS_IPV6_CIDR;

/** True for an address of its family's range. */
export function isEgressAddress(address: IpAddress): boolean {
  const range = egressCidr(ipFamily(address));
  const { length } = prefixBytes(range);
  return subnetOf(`${address}/${length}` as IpCidr).cidr === range; // the template type of a union of two
}
