import { isErrno } from '../host-network-error.ts';
import type { IpFamily } from '../ip.ts';
import type { Channel } from './channel.ts';
import { familyNumber } from './family.ts';
import { HOST_ORDER } from './host-order.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { deletedRoute, type Route, routeFromMessage, routeMessage, routeText } from './route.ts';
import {
  decodeRouteMessage,
  encodeRouteMessage,
  type RouteMessage,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
} from './route-message.ts';

/**
 * The unicast routes of one network namespace. Refusals are `kernel-refused` errors, naming the errno.
 *
 * The link index is what the kernel goes by; `linkName` in a route is for people.
 */
export class Routes {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** EEXIST when the table has a route to the same destination. */
  add(route: Route, linkIndex: number): void {
    this.#channel.exchange(routeAddition(route, linkIndex));
  }

  /** Adds the route, or puts it in the place of the one to the same destination. */
  replace(route: Route, linkIndex: number): void {
    this.#channel.exchange(routeReplacement(route, linkIndex));
  }

  /** ESRCH when there is none. Without link index, a route through any link matches. */
  delete(route: Route, linkIndex?: number): void {
    this.#channel.exchange(routeDeletion(route, linkIndex));
  }

  /**
   * The routes of one table in one family, by a dump off the JavaScript thread that the kernel filters; none where the
   * kernel has no such table yet.
   *
   * @param linkNameOf how the answer names links; by default it does not.
   */
  async list(
    tableId: number,
    linkIndex?: number,
    family: IpFamily = 'ipv4',
    linkNameOf: (linkIndex: number) => string | undefined = () => undefined,
  ): Promise<Route[]> {
    const message = {
      family: familyNumber(family),
      destinationLength: 0,
      sourceLength: 0,
      tos: 0,
      tableId,
      protocol: 0,
      scope: 0,
      type: 0,
      flags: 0,
      ...(linkIndex === undefined ? {} : { outputLinkIndex: linkIndex }),
      otherAttributes: [],
    };
    const request = {
      type: RTM_GETROUTE,
      flags: 0,
      payload: encodeRouteMessage(message, HOST_ORDER),
      operation: 'list',
      object: () => `routes of table ${tableId}`,
    };
    try {
      return await this.#channel.list(request, (payload) => {
        const entry = decodeRouteMessage(payload, HOST_ORDER);
        if (entry.tableId !== tableId) return undefined;
        return routeFromMessage(entry, linkNameOf(entry.outputLinkIndex ?? 0));
      });
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

export const routeAddition = (route: Route, linkIndex: number): NetlinkRequest => {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return routeRequest(RTM_NEWROUTE, flags, 'add', routeMessage(route, linkIndex), route);
};

export const routeReplacement = (route: Route, linkIndex: number): NetlinkRequest => {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  return routeRequest(RTM_NEWROUTE, flags, 'replace', routeMessage(route, linkIndex), route);
};

export const routeDeletion = (route: Route, linkIndex?: number): NetlinkRequest =>
  routeRequest(RTM_DELROUTE, NLM_F_ACK, 'delete', deletedRoute(route, linkIndex), route);

const routeRequest = (
  type: number,
  flags: number,
  verb: string,
  message: RouteMessage,
  route: Route,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeRouteMessage(message, HOST_ORDER),
  operation: `${verb} route`,
  object: () => routeText(route),
});
