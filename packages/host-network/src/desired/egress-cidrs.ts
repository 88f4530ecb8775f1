/** Addresses by which pods of an IPv6 cluster leave the node in IPv4; the same on every node. */
export const EGRESS_IPV4_CIDR = '169.254.172.0/22';

/** Addresses by which pods of an IPv4 cluster leave the node in IPv6, as iptables and ip print the range. */
export const EGRESS_IPV6_CIDR = 'fd00::ac:0/118';
