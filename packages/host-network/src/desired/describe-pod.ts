import { ipv4Bytes } from '../ipv4.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import type { DesiredSysctl, NetworkDescription } from './network-description.ts';
import type { PodAttachment } from './settings.ts';

/** Next hop of every pod. Nothing owns it: a permanent neighbour entry leads to the host link. */
export const POD_GATEWAY = '169.254.1.1';

/** Table of the primary ENI as releases before 1.20 wrote it. */
const LEGACY_PRIMARY_TABLE = 1;

/** Both sides of one pod. */
export interface PodDescription {
  readonly host: NetworkDescription;
  readonly pod: NetworkDescription;
}

/** What a regular pod needs on the host and in its own namespace. Pure; the same value serves ADD, CHECK and DEL. */
export function describePod(attachment: PodAttachment): PodDescription {
  ipv4Bytes(attachment.address); // throws on anything else
  return { host: describeHostSide(attachment), pod: describePodSide(attachment) };
}

function describeHostSide(attachment: PodAttachment): NetworkDescription {
  const { hostLinkName, mtuBytes } = attachment;
  return {
    links: [{ name: hostLinkName, isUp: true, mtuBytes, kind: 'veth' }],
    // They must be in place before the link goes up, or the host may listen to the pod's router advertisements.
    sysctls: [
      ipv6Setting(hostLinkName, 'accept_ra', '0'),
      ipv6Setting(hostLinkName, 'accept_redirects', '1'),
      ipv6Setting(hostLinkName, 'forwarding', '0'),
    ],
    addresses: [],
    routes: [podRoute(attachment)],
    rules: podRules(attachment.address, attachment.routeTableId),
    neighbours: [],
  };
}

function describePodSide(attachment: PodAttachment): NetworkDescription {
  const { podLinkName, hostLinkName, address, mtuBytes } = attachment;
  const onPodLink = { linkName: podLinkName, tableId: MAIN_TABLE } as const;
  return {
    links: [{ name: podLinkName, isUp: true, mtuBytes, kind: 'veth' }],
    sysctls: [],
    // The default route comes before the address: the link-scoped router route makes its next hop valid.
    routes: [
      { ...onPodLink, destination: `${POD_GATEWAY}/32`, scope: 'link' },
      { ...onPodLink, destination: 'default', via: POD_GATEWAY, scope: 'global' },
    ],
    addresses: [{ address, prefixLength: 32, scope: 'global', linkName: podLinkName }],
    rules: [],
    neighbours: [{ address: POD_GATEWAY, linkName: podLinkName, macOfLink: hostLinkName }],
  };
}

/** How the host reaches the pod. */
export const podRoute = ({
  address,
  hostLinkName,
}: Pick<PodAttachment, 'address' | 'hostLinkName'>): Route => ({
  destination: `${address}/32`,
  linkName: hostLinkName,
  tableId: MAIN_TABLE,
  scope: 'link',
});

/** To the pod by main; from the pod by its ENI's table, unless that is main. */
export function podRules(address: PodAttachment['address'], routeTableId: number): readonly Rule[] {
  const toPod = toPodRule(address);
  if (isPrimaryTable(routeTableId)) return [toPod];
  return [toPod, { priority: FROM_POD_PRIORITY, from: address, tableId: routeTableId }];
}

export const toPodRule = (address: PodAttachment['address']): Rule => ({
  priority: 512,
  to: address,
  tableId: MAIN_TABLE,
});

export const FROM_POD_PRIORITY = 1536;

/** Old releases gave the primary ENI's pods other numbers. */
export const isPrimaryTable = (tableId: number) =>
  tableId <= LEGACY_PRIMARY_TABLE || tableId === MAIN_TABLE;

const ipv6Setting = (linkName: string, name: string, value: string): DesiredSysctl => ({
  key: `net/ipv6/conf/${linkName}/${name}`,
  value,
  isOptional: true,
});
