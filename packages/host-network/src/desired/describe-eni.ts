import { ipFamily } from '../ip.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import { eniMark } from './eni-mark.ts';
import { ipv6Setting } from './ipv6-settings.ts';
import { type DesiredSysctl, type NetworkDescription, nothing } from './network-description.ts';
import type { EniLink, HostSettings } from './settings.ts';
import { hostCidr, subnetOf } from './subnet.ts';

/** Just before the main table. */
const ENI_PRIORITY = 32765;
/** Right behind the primary ENI's mark. */
export const REPLY_PRIORITY = 1025;
/** What the kernel gives the routes it makes for IPv6 addresses. */
const KERNEL_IPV6_METRIC = 256;

/** What of the settings concerns ENIs. */
export type EniSettings = Pick<HostSettings, 'eniMtuBytes'> &
  Partial<Pick<HostSettings, 'eniMarkMask' | 'nodePortSupport'>>;

/**
 * What a secondary ENI needs on the host: its address, its own route table, and the rule that leads there.
 *
 * @param linkName of the ENI's link; while it is not known, the MAC stands in its place.
 * @throws {TypeError} for the main table, which is the primary ENI's and not ours to fill.
 */
export function describeEni(
  eni: EniLink,
  settings: EniSettings,
  linkName: string = eni.mac,
): NetworkDescription {
  const { primaryAddress, subnetCidr, routeTableId, isTrunk = false } = eni;
  if (routeTableId === MAIN_TABLE) {
    throw new TypeError(
      `the ENI at ${eni.mac} has the main table: the primary ENI is set up by the host`,
    );
  }
  const family = ipFamily(primaryAddress);
  const { prefixLength, broadcast } = subnetOf(subnetCidr);
  // Connections of the node itself that are bound to the ENI's address leave by that ENI.
  const rule = { priority: ENI_PRIORITY, from: primaryAddress, tableId: routeTableId };
  return {
    ...nothing,
    links: [{ name: linkName, isUp: true, mtuBytes: settings.eniMtuBytes }],
    sysctls: [
      ...(hasReplyMarks(eni, settings) ? [looseReversePath(linkName)] : []),
      // Its link-local address comes from the MAC that EC2 gave it, to it alone.
      ...(family === 'ipv6' ? [ipv6Setting(linkName, 'accept_dad', '0')] : []),
    ],
    addresses: [
      {
        address: primaryAddress,
        prefixLength,
        ...(broadcast === undefined ? {} : { broadcast }),
        scope: 'global',
        linkName,
        // EC2 gives an address to one ENI: there is nobody to ask.
        ...(family === 'ipv6' ? { skipsDad: true } : {}),
      },
    ],
    routes: eniRoutes(eni, linkName),
    rules: isTrunk ? [] : [rule, ...replyRules(eni, settings)],
    claims: {
      // What DHCP or an earlier owner put there.
      addresses: [{ linkName, family }],
      // Of an ENI that was in this slot before, or of this one where it was before.
      rules: [
        { family, priority: ENI_PRIORITY, from: primaryAddress },
        { family, priority: ENI_PRIORITY, tableId: routeTableId, having: 'from' },
        { family, priority: REPLY_PRIORITY, tableId: routeTableId, having: 'mark' },
      ],
      routes: [subnetRoute(eni, linkName)],
    },
  };
}

const hasReplyMarks = ({ isTrunk = false, primaryAddress }: EniLink, settings: EniSettings) =>
  !isTrunk &&
  ipFamily(primaryAddress) === 'ipv4' &&
  settings.eniMarkMask !== undefined &&
  settings.nodePortSupport === true;

/** Replies to connections that came in by the ENI. */
function replyRules(eni: EniLink, settings: EniSettings): readonly Rule[] {
  const { eniMarkMask: markMask } = settings;
  if (markMask === undefined || !hasReplyMarks(eni, settings)) return [];
  const { routeTableId: tableId } = eni;
  const mark = eniMark(tableId, markMask);
  return [{ priority: REPLY_PRIORITY, mark, ...(mark === markMask ? {} : { markMask }), tableId }];
}

/** Loose, as on the primary ENI: the route back to the pod is elsewhere. */
const looseReversePath = (linkName: string): DesiredSysctl => ({
  key: `net/ipv4/conf/${linkName}/rp_filter`,
  value: '2',
  isOptional: false,
});

/** The two routes of an ENI's own table, in the order they can be made. */
export function eniRoutes(
  { subnetCidr, routeTableId: tableId }: EniLink,
  linkName?: string,
): readonly Route[] {
  const { router } = subnetOf(subnetCidr);
  const link = linkName === undefined ? {} : { linkName };
  return [
    { destination: hostCidr(router), ...link, tableId, scope: 'link' },
    { destination: 'default', via: router, ...link, tableId, scope: 'global' },
  ];
}

/** The kernel adds it with the address; traffic of the node to the subnet would leave by the wrong ENI. */
function subnetRoute({ primaryAddress, subnetCidr }: EniLink, linkName: string): Route {
  const { cidr } = subnetOf(subnetCidr);
  const route = { destination: cidr, linkName, tableId: MAIN_TABLE } as const;
  return ipFamily(cidr) === 'ipv6'
    ? { ...route, scope: 'global', metric: KERNEL_IPV6_METRIC }
    : { ...route, scope: 'link', preferredSource: primaryAddress };
}
