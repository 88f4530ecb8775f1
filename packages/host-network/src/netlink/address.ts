import { type Ipv4Address, ipv4Bytes, ipv4Text } from '../ipv4.ts';
import type { AddressMessage } from './address-message.ts';
import { AF_INET } from './family.ts';

/** An IPv4 address of a link. */
export interface LinkAddress {
  readonly address: Ipv4Address;
  /** Length of the on-link prefix. */
  readonly prefixLength: number;
  readonly broadcast?: Ipv4Address;
  readonly scope: 'global' | 'link' | 'host';
  readonly linkName: string;
}

// RT_SCOPE_*, <linux/rtnetlink.h>
const scopeNumbers = { global: 0, link: 253, host: 254 } as const;

export function addressMessage(address: LinkAddress, linkIndex: number): AddressMessage {
  const bytes = ipv4Bytes(address.address);
  return {
    family: AF_INET,
    prefixLength: address.prefixLength,
    flags: 0,
    scope: scopeNumbers[address.scope],
    linkIndex,
    address: bytes,
    local: bytes,
    ...(address.broadcast === undefined ? {} : { broadcast: ipv4Bytes(address.broadcast) }),
    otherAttributes: [],
  };
}

/** Undefined for an address of another family. */
export function addressFromMessage(message: AddressMessage): LinkAddress | undefined {
  const { family, local, broadcast } = message;
  if (family !== AF_INET || local === undefined) return undefined;
  return {
    address: ipv4Text(local),
    prefixLength: message.prefixLength,
    ...(broadcast === undefined ? {} : { broadcast: ipv4Text(broadcast) }),
    scope: message.scope === 254 ? 'host' : message.scope === 253 ? 'link' : 'global',
    linkName: message.label ?? '',
  };
}

/** As `ip addr` prints it: `inet 10.0.41.20/19 brd 10.0.63.255 scope global eth1`. */
export function addressText(address: LinkAddress): string {
  const broadcast = address.broadcast === undefined ? '' : ` brd ${address.broadcast}`;
  return `inet ${address.address}/${address.prefixLength}${broadcast} scope ${address.scope} ${address.linkName}`;
}
