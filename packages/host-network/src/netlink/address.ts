import { type IpAddress, ipBytes, ipFamily, ipText } from '../ip.ts';
import { type Ipv4Address, ipv4Bytes, ipv4Text } from '../ipv4.ts';
import {
  type AddressMessage,
  IFA_F_DADFAILED,
  IFA_F_NODAD,
  IFA_F_TENTATIVE,
} from './address-message.ts';
import { familyName, familyNumber } from './family.ts';

/** An address of a link. */
export interface LinkAddress {
  readonly address: IpAddress;
  /** Length of the on-link prefix. */
  readonly prefixLength: number;
  readonly broadcast?: Ipv4Address;
  readonly scope: 'global' | 'link' | 'host';
  /** Empty where the kernel does not name it: in lists of IPv6 addresses. */
  readonly linkName: string;
  /**
   * Usable at once, without duplicate address detection: for IPv6 addresses that nobody else can have.
   */
  readonly skipsDad?: true;
  /** In answers only: detection still runs, or found that somebody has the address. */
  readonly dad?: 'tentative' | 'failed';
}

// RT_SCOPE_*, <linux/rtnetlink.h>
const scopeNumbers = { global: 0, link: 253, host: 254 } as const;

export function addressMessage(address: LinkAddress, linkIndex: number): AddressMessage {
  const bytes = ipBytes(address.address);
  return {
    family: familyNumber(ipFamily(address.address)),
    prefixLength: address.prefixLength,
    flags: address.skipsDad ? IFA_F_NODAD : 0,
    scope: scopeNumbers[address.scope],
    linkIndex,
    address: bytes,
    local: bytes,
    ...(address.broadcast === undefined ? {} : { broadcast: ipv4Bytes(address.broadcast) }),
    otherAttributes: [],
  };
}

/** Undefined for an address of a family that is neither IPv4 nor IPv6. */
export function addressFromMessage(message: AddressMessage): LinkAddress | undefined {
  // IPv6 has no IFA_LOCAL unless the link is point-to-point.
  const { broadcast, flags, address, local = address } = message;
  if (familyName(message.family) === undefined || local === undefined) return undefined;
  const isIpv6 = local.length === 16;
  return {
    address: ipText(local),
    prefixLength: message.prefixLength,
    ...(broadcast === undefined ? {} : { broadcast: ipv4Text(broadcast) }),
    scope: message.scope === 254 ? 'host' : message.scope === 253 ? 'link' : 'global',
    linkName: message.label ?? '',
    ...(isIpv6 && (flags & IFA_F_NODAD) !== 0 ? { skipsDad: true } : {}),
    ...(isIpv6 ? dadOf(flags) : {}),
  };
}

function dadOf(flags: number): Pick<LinkAddress, 'dad'> {
  if ((flags & IFA_F_DADFAILED) !== 0) return { dad: 'failed' };
  return (flags & IFA_F_TENTATIVE) !== 0 ? { dad: 'tentative' } : {};
}

/** As `ip addr` prints it: `inet 10.0.41.20/19 brd 10.0.63.255 scope global eth1`. */
export function addressText(address: LinkAddress): string {
  const isIpv6 = ipFamily(address.address) === 'ipv6';
  const words = [isIpv6 ? 'inet6' : 'inet', `${address.address}/${address.prefixLength}`];
  if (address.broadcast !== undefined) words.push('brd', address.broadcast);
  words.push('scope', address.scope);
  if (address.skipsDad) words.push('nodad');
  if (address.dad !== undefined) words.push(address.dad === 'failed' ? 'dadfailed' : 'tentative');
  // `ip` prints labels, which are the link's name by default, and IPv6 addresses have none.
  if (!isIpv6) words.push(address.linkName);
  return words.join(' ');
}
