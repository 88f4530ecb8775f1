import {
  broadcastAddress,
  canonicalCidr,
  type Ipv4Address,
  parseIpv4Cidr,
  subnetRouter,
} from '../ipv4.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import type { Rule } from '../netlink/rule.ts';
import type { NetworkDescription } from './network-description.ts';
import type { EniLink, HostSettings } from './settings.ts';

/** What a secondary ENI needs, and the one route that must not be there. */
export interface EniDescription extends NetworkDescription {
  /** The kernel adds it with the address; traffic of the node to the subnet would leave by the wrong ENI. */
  readonly absentRoutes: readonly Route[];
}

/**
 * What a secondary ENI needs on the host: its address, its own route table, and the rule that leads there.
 *
 * @param linkName of the ENI's link; while it is not known, the MAC stands in its place.
 * @throws {TypeError} for the main table, which is the primary ENI's and not ours to fill.
 */
export function describeEni(
  eni: EniLink,
  settings: Pick<HostSettings, 'eniMtuBytes'>,
  linkName: string = eni.mac,
): EniDescription {
  const { primaryAddress, subnetCidr, routeTableId } = eni;
  if (routeTableId === MAIN_TABLE) {
    throw new TypeError(
      `the ENI at ${eni.mac} has the main table: the primary ENI is set up by the host`,
    );
  }
  const broadcast = broadcastAddress(subnetCidr);
  return {
    links: [{ name: linkName, isUp: true, mtuBytes: settings.eniMtuBytes }],
    sysctls: [],
    addresses: [
      {
        address: primaryAddress,
        prefixLength: parseIpv4Cidr(subnetCidr).prefixLength,
        ...(broadcast === undefined ? {} : { broadcast }),
        scope: 'global',
        linkName,
      },
    ],
    routes: eniRoutes(eni, linkName),
    rules: [eniRule(primaryAddress, routeTableId)],
    neighbours: [],
    absentRoutes: [
      {
        destination: canonicalCidr(subnetCidr),
        tableId: MAIN_TABLE,
        scope: 'link',
        preferredSource: primaryAddress,
      },
    ],
  };
}

/** The two routes of an ENI's own table, in the order they can be made. */
export function eniRoutes(
  { subnetCidr, routeTableId }: EniLink,
  linkName?: string,
): readonly Route[] {
  const router = subnetRouter(subnetCidr);
  const link = linkName === undefined ? {} : { linkName };
  return [
    { destination: `${router}/32`, ...link, tableId: routeTableId, scope: 'link' },
    { destination: 'default', via: router, ...link, tableId: routeTableId, scope: 'global' },
  ];
}

/** Connections of the node itself that are bound to the ENI's address leave by that ENI. */
const eniRule = (from: Ipv4Address, tableId: number): Rule => ({
  priority: ENI_PRIORITY,
  from,
  tableId,
});

/** Just before the main table. */
export const ENI_PRIORITY = 32765;
