import { type IpAddress, type IpCidr, type IpFamily, ipBytes, ipFamily, ipText } from '../ip.ts';
import { familyName, familyNumber } from './family.ts';
import { prefixBytes, prefixText, withoutFullLength } from './ip-prefix.ts';
import {
  type RouteMessage,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_UNICAST,
  RTPROT_BOOT,
} from './route-message.ts';

/** A unicast route. */
export interface Route {
  /** Default: the family of the destination, of the gateway for a default route; IPv4 where neither tells. */
  readonly family?: IpFamily;
  readonly destination: 'default' | IpCidr;
  readonly via?: IpAddress;
  /** Absent in a delete request: any link. */
  readonly linkName?: string;
  readonly tableId: number;
  /** IPv6 knows no scopes: the kernel ignores it, and answers `global`. */
  readonly scope: 'global' | 'link';
  readonly preferredSource?: IpAddress;
  /** Default: the kernel's, 0 for IPv4 and 1024 for IPv6. The lower one is taken. */
  readonly metric?: number;
}

/** Number of the main route table. */
export const MAIN_TABLE = 254;

const DEFAULT_METRIC: Readonly<Record<IpFamily, number>> = { ipv4: 0, ipv6: 1024 };

export function routeMessage(route: Route, linkIndex: number | undefined): RouteMessage {
  const destination = route.destination === 'default' ? undefined : prefixBytes(route.destination);
  return {
    family: familyNumber(routeFamily(route)),
    destinationLength: destination?.length ?? 0,
    sourceLength: 0,
    tos: 0,
    tableId: route.tableId,
    protocol: RTPROT_BOOT,
    scope: route.scope === 'link' ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    type: RTN_UNICAST,
    flags: 0,
    ...(destination === undefined || destination.length === 0
      ? {}
      : { destination: destination.bytes }),
    ...(linkIndex === undefined ? {} : { outputLinkIndex: linkIndex }),
    ...(route.via === undefined ? {} : { gateway: ipBytes(route.via) }),
    ...(route.preferredSource === undefined
      ? {}
      : { preferredSource: ipBytes(route.preferredSource) }),
    ...(route.metric === undefined ? {} : { metric: route.metric }),
    otherAttributes: [],
  };
}

export function routeFamily({ family, destination, via, preferredSource }: Route): IpFamily {
  const address = destination === 'default' ? (via ?? preferredSource) : destination;
  return family ?? (address === undefined ? 'ipv4' : ipFamily(address));
}

/** A deletion matches whoever made the route (RTPROT_UNSPEC), as `ip route del` without `proto` does. */
export const deletedRoute = (route: Route, linkIndex: number | undefined): RouteMessage => ({
  ...routeMessage(route, linkIndex),
  protocol: 0,
});

/** Undefined for a route that is not unicast. The family is only named where it does not show. */
export function routeFromMessage(
  message: RouteMessage,
  linkName: string | undefined,
): Route | undefined {
  const { type, destination, gateway, preferredSource } = message;
  const family = familyName(message.family);
  if (family === undefined || type !== RTN_UNICAST) return undefined;
  const metric = message.metric ?? 0;
  const isFamilyHidden =
    destination === undefined && gateway === undefined && preferredSource === undefined;
  return {
    ...(isFamilyHidden && family === 'ipv6' ? { family } : {}),
    destination:
      destination === undefined ? 'default' : prefixText(destination, message.destinationLength),
    ...(gateway === undefined ? {} : { via: ipText(gateway) }),
    ...(linkName === undefined ? {} : { linkName }),
    tableId: message.tableId,
    scope: message.scope === RT_SCOPE_LINK ? 'link' : 'global',
    ...(preferredSource === undefined ? {} : { preferredSource: ipText(preferredSource) }),
    ...(metric === DEFAULT_METRIC[family] ? {} : { metric }),
  };
}

/** As `ip route` prints it; the table is named unless it is main. The family does not show. */
export function routeText(route: Route): string {
  const { destination } = route;
  const words: string[] = [
    destination === 'default' ? destination : withoutFullLength(destination),
  ];
  if (route.via !== undefined) words.push('via', route.via);
  if (route.linkName !== undefined) words.push('dev', route.linkName);
  if (route.tableId !== MAIN_TABLE) words.push('table', String(route.tableId));
  if (route.scope === 'link' && routeFamily(route) === 'ipv4') words.push('scope', 'link');
  if (route.preferredSource !== undefined) words.push('src', route.preferredSource);
  if (route.metric !== undefined) words.push('metric', String(route.metric));
  return words.join(' ');
}
