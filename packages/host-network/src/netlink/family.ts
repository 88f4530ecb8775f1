import type { IpFamily } from '../ip.ts';

// Address families in route netlink messages. <linux/socket.h>
export const AF_INET = 2;
export const AF_INET6 = 10;

export const familyNumber = (family: IpFamily): number => (family === 'ipv6' ? AF_INET6 : AF_INET);

/** Undefined for a family that is neither IPv4 nor IPv6. */
export function familyName(number: number): IpFamily | undefined {
  if (number === AF_INET) return 'ipv4';
  return number === AF_INET6 ? 'ipv6' : undefined;
}
