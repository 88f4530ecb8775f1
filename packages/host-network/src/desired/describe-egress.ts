import { type IpAddress, ipFamily } from '../ip.ts';
import { broadcastAddress } from '../ipv4.ts';
import type { LinkAddress } from '../netlink/address.ts';
import { prefixBytes } from '../netlink/ip-prefix.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import type { PodDescription } from './describe-pod.ts';
import { EGRESS_IPV4_CIDR, EGRESS_IPV6_CIDR } from './egress-cidrs.ts';
import { ipv6Setting } from './ipv6-settings.ts';
import { type NetworkDescription, nothing, vethEnd } from './network-description.ts';
import type { WiredAttachment } from './settings.ts';
import { hostCidr } from './subnet.ts';

/** What egress links are called in pods. */
export const EGRESS_LINK_NAMES = { ipv4: 'v4if0', ipv6: 'v6if0' } as const;

const GATEWAYS = { ipv4: '169.254.172.1', ipv6: 'fe80::1' } as const;

/**
 * A pod's way off the node in the family it has no VPC address in. The address is the same on other nodes and
 * leads nowhere from outside: the host translates it to its own, for all pods by one rule.
 */
export function describeEgress(attachment: WiredAttachment): PodDescription {
  const { podLinkName, hostLinkName, mtuBytes, address } = attachment;
  const host: NetworkDescription = {
    ...nothing,
    sysctls: [ipv6Setting(hostLinkName, 'accept_ra', '0')],
    links: [vethEnd(hostLinkName, mtuBytes)],
    routes: [
      {
        destination: hostCidr(address),
        linkName: hostLinkName,
        tableId: MAIN_TABLE,
        scope: 'link',
      },
    ],
  };
  const pod: NetworkDescription = {
    ...nothing,
    links: [vethEnd(podLinkName, mtuBytes)],
  };
  return ipFamily(address) === 'ipv4'
    ? withIpv4(attachment, host, pod)
    : withIpv6(attachment, host, pod);
}

/** Every host link has the gateway's address; its scope keeps the host from using it for anything else. */
function withIpv4(
  { address, podLinkName: linkName, hostLinkName }: WiredAttachment,
  host: NetworkDescription,
  pod: NetworkDescription,
): PodDescription {
  const gateway = GATEWAYS.ipv4;
  const { length: prefixLength } = prefixBytes(EGRESS_IPV4_CIDR);
  const broadcast = broadcastAddress(EGRESS_IPV4_CIDR);
  const inMain = { linkName, tableId: MAIN_TABLE } as const;
  const own: LinkAddress = {
    address,
    prefixLength,
    ...(broadcast === undefined ? {} : { broadcast }),
    scope: 'global',
    linkName,
  };
  const range = { ...inMain, destination: EGRESS_IPV4_CIDR, preferredSource: address } as const;
  const routes: readonly Route[] = [
    { ...inMain, destination: hostCidr(gateway), scope: 'link', preferredSource: address },
    { ...range, via: gateway, scope: 'global' },
    { ...inMain, destination: 'default', via: gateway, scope: 'global' },
  ];
  return {
    host: {
      ...host,
      addresses: [{ address: gateway, prefixLength: 32, scope: 'link', linkName: hostLinkName }],
    },
    pod: {
      ...pod,
      addresses: [own],
      routes,
      // Other pods' addresses are not on the link.
      claims: { ...pod.claims, routes: [{ ...range, scope: 'link' }] },
    },
  };
}

/** The gateway is nobody's, as that of a pod's first link: an entry leads to the host link. */
function withIpv6(
  { address, podLinkName: linkName, hostLinkName }: WiredAttachment,
  host: NetworkDescription,
  pod: NetworkDescription,
): PodDescription {
  const { length: prefixLength } = prefixBytes(EGRESS_IPV6_CIDR);
  const inMain = { linkName, tableId: MAIN_TABLE } as const;
  const gateway: IpAddress = GATEWAYS.ipv6;
  return {
    host: {
      ...host,
      sysctls: [...host.sysctls, ipv6Setting(hostLinkName, 'accept_dad', '0')],
    },
    pod: {
      ...pod,
      sysctls: [
        ipv6Setting('lo', 'disable_ipv6', '0'),
        ipv6Setting(linkName, 'disable_ipv6', '0'),
        ipv6Setting(linkName, 'accept_dad', '0'),
      ],
      addresses: [{ address, prefixLength, scope: 'global', linkName, skipsDad: true }],
      routes: [
        { ...inMain, destination: hostCidr(gateway), scope: 'link' },
        { ...inMain, destination: 'default', via: gateway, scope: 'global' },
      ],
      neighbours: [{ address: gateway, linkName, macOfLink: hostLinkName }],
    },
  };
}
