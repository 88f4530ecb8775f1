import { type Ipv4Address, type Ipv4Cidr, ipv4Bytes, ipv4Text } from '../ipv4.ts';
import { AF_INET } from './family.ts';
import {
  type RouteMessage,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RTN_UNICAST,
  RTPROT_BOOT,
} from './route-message.ts';

/** A unicast IPv4 route. */
export interface Route {
  readonly destination: 'default' | Ipv4Cidr;
  readonly via?: Ipv4Address;
  /** Absent in a delete request: any link. */
  readonly linkName?: string;
  readonly tableId: number;
  readonly scope: 'global' | 'link';
  readonly preferredSource?: Ipv4Address;
}

/** Number of the main route table. */
export const MAIN_TABLE = 254;

export function routeMessage(route: Route, linkIndex: number | undefined): RouteMessage {
  const [address, length] = route.destination === 'default' ? [] : route.destination.split('/');
  const destinationLength = Number(length ?? 0);
  return {
    family: AF_INET,
    destinationLength,
    sourceLength: 0,
    tos: 0,
    tableId: route.tableId,
    protocol: RTPROT_BOOT,
    scope: route.scope === 'link' ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
    type: RTN_UNICAST,
    flags: 0,
    // A template literal type says that the part before the slash is an address; ipv4Bytes checks it.
    ...(destinationLength === 0 ? {} : { destination: ipv4Bytes(address as Ipv4Address) }),
    ...(linkIndex === undefined ? {} : { outputLinkIndex: linkIndex }),
    ...(route.via === undefined ? {} : { gateway: ipv4Bytes(route.via) }),
    ...(route.preferredSource === undefined
      ? {}
      : { preferredSource: ipv4Bytes(route.preferredSource) }),
    otherAttributes: [],
  };
}

/** A deletion matches whoever made the route (RTPROT_UNSPEC), as `ip route del` without `proto` does. */
export const routeDeletion = (route: Route, linkIndex: number | undefined): RouteMessage => ({
  ...routeMessage(route, linkIndex),
  protocol: 0,
});

/** Undefined for a route that is not IPv4 unicast. */
export function routeFromMessage(
  message: RouteMessage,
  linkName: string | undefined,
): Route | undefined {
  const { family, type, destination, gateway, preferredSource } = message;
  if (family !== AF_INET || type !== RTN_UNICAST) return undefined;
  return {
    destination:
      destination === undefined
        ? 'default'
        : `${ipv4Text(destination)}/${message.destinationLength}`,
    ...(gateway === undefined ? {} : { via: ipv4Text(gateway) }),
    ...(linkName === undefined ? {} : { linkName }),
    tableId: message.tableId,
    scope: message.scope === RT_SCOPE_LINK ? 'link' : 'global',
    ...(preferredSource === undefined ? {} : { preferredSource: ipv4Text(preferredSource) }),
  };
}

/** As `ip route` prints it; the table is named unless it is main. */
export function routeText(route: Route): string {
  const words = [route.destination.replace(/\/32$/, '')];
  if (route.via !== undefined) words.push('via', route.via);
  if (route.linkName !== undefined) words.push('dev', route.linkName);
  if (route.tableId !== MAIN_TABLE) words.push('table', String(route.tableId));
  if (route.scope === 'link') words.push('scope', 'link');
  if (route.preferredSource !== undefined) words.push('src', route.preferredSource);
  return words.join(' ');
}
