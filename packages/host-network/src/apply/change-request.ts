import type { NetworkChange } from '../desired/network-change.ts';
import type { DesiredLink } from '../desired/network-description.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { addressAddition, addressDeletion } from '../netlink/addresses.ts';
import { linkAlteration, vlanCreation } from '../netlink/links.ts';
import { neighbourReplacement } from '../netlink/neighbours.ts';
import type { NetlinkRequest } from '../netlink/netlink-request.ts';
import { routeAddition, routeDeletion, routeReplacement } from '../netlink/routes.ts';
import { ruleAddition, ruleDeletion } from '../netlink/rules.ts';

/** A change that is one request to the kernel; `clear` may be several. */
export type RequestedChange = Exclude<NetworkChange, { kind: 'sysctl' } | { verb: 'clear' }>;

/** How the kernel is asked for a change. */
export interface ChangeRequest {
  readonly request: NetlinkRequest;
  /** The errnos by which it says that it is so already. */
  readonly expected: readonly string[];
}

export const isRequested = (change: NetworkChange): change is RequestedChange =>
  change.kind !== 'sysctl' && change.verb !== 'clear';

/** @throws {HostNetworkError} `link-not-found` for a link that is missing and not ours to make. */
export function changeRequest(
  change: RequestedChange,
  indexOf: (linkName: string) => number,
): ChangeRequest {
  switch (change.kind) {
    case 'link':
      return { request: linkRequest(change, indexOf), expected: [] };
    case 'address': {
      const { address, verb } = change;
      const index = indexOf(address.linkName);
      return verb === 'add'
        ? { request: addressAddition(address, index), expected: ['EEXIST'] }
        : { request: addressDeletion(address, index), expected: ['EADDRNOTAVAIL'] };
    }
    case 'route': {
      const { route, verb } = change;
      const index = route.linkName === undefined ? undefined : indexOf(route.linkName);
      if (verb === 'delete') return { request: routeDeletion(route, index), expected: ['ESRCH'] };
      const ask = verb === 'add' ? routeAddition : routeReplacement;
      return { request: ask(route, index ?? 0), expected: [] };
    }
    case 'rule':
      return change.verb === 'add'
        ? { request: ruleAddition(change.rule), expected: ['EEXIST'] }
        : { request: ruleDeletion(change.rule), expected: ['ENOENT'] };
    case 'neighbour':
      return {
        request: neighbourReplacement(change.neighbour, indexOf(change.neighbour.linkName)),
        expected: [],
      };
  }
}

function linkRequest(
  change: Extract<RequestedChange, { readonly kind: 'link' }>,
  indexOf: (linkName: string) => number,
): NetlinkRequest {
  const { link } = change;
  return change.verb === 'change'
    ? linkAlteration({ index: indexOf(link.name) }, change.change)
    : vlanRequest(link);
}

function vlanRequest({ name, vlan }: DesiredLink): NetlinkRequest {
  if (vlan === undefined) throw linkNotFound(name);
  const { id, mac, parentIndex } = vlan;
  // Down at first: what /proc/sys holds for it must be right before it goes up.
  return vlanCreation({ name, isUp: false, mac, parentIndex, vlanId: id });
}

export const linkNotFound = (linkName: string) =>
  new HostNetworkError(
    'link-not-found',
    `changing ${linkName}: there is no such link (any more); was the sandbox or the ENI taken away?`,
    { facts: { linkName } },
  );
