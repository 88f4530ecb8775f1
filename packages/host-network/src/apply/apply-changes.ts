import type { NetworkChange } from '../desired/network-change.ts';
import type { DesiredLink } from '../desired/network-description.ts';
import { HostNetworkError, isErrno } from '../host-network-error.ts';
import type { Link } from '../netlink/link.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { inNetns } from '../netns/in-netns.ts';
import { writeSysctl } from './sysctl.ts';

/** A network namespace to change. */
export interface Place {
  readonly netlink: Netlink;
  /** Absent for the calling thread's namespace. */
  readonly netnsPath?: string;
  /** Links whose indices are known; others are looked up. */
  readonly links?: readonly Link[];
}

/**
 * Deletes the links in whose place {@link applyChanges} will make others. Apart from it, because deleting a
 * link makes the kernel wait, and that must not be the JavaScript thread's time.
 */
export async function makeWay(
  { netlink }: Place,
  changes: readonly NetworkChange[],
): Promise<void> {
  for (const change of changes) {
    if (change.kind !== 'link' || change.verb !== 'recreate') continue;
    try {
      await netlink.links.delete({ name: change.link.name });
    } catch (error) {
      if (!isErrno(error, 'ENODEV')) throw error;
    }
  }
}

/**
 * Carries changes out, one after the other, before it returns. Whatever is that way already is fine.
 *
 * @param done gets every change that changed something, also when a later one is refused.
 * @throws {HostNetworkError} `kernel-refused`, `sysctl-refused`; `link-not-found` for a link that is missing
 *   and not ours to make.
 */
export function applyChanges(
  place: Place,
  changes: readonly NetworkChange[],
  done: NetworkChange[] = [],
): void {
  const indexOf = linkIndices(place);
  for (const change of changes) {
    if (applyChange(place, change, indexOf)) done.push(change);
  }
}

/** @returns false when there was nothing to do. */
function applyChange(
  { netlink, netnsPath }: Place,
  change: NetworkChange,
  indexOf: (linkName: string) => number,
): boolean {
  switch (change.kind) {
    case 'sysctl': {
      const write = () => writeSysctl(change.sysctl);
      if (netnsPath === undefined) write();
      else inNetns(netnsPath, write);
      return true;
    }
    case 'link':
      return applyLink(netlink, change, indexOf);
    case 'address': {
      const index = indexOf(change.address.linkName);
      return change.verb === 'add'
        ? unless('EEXIST', () => netlink.addresses.add(change.address, index))
        : unless('EADDRNOTAVAIL', () => netlink.addresses.delete(change.address, index));
    }
    case 'route': {
      const { route, verb } = change;
      const index = route.linkName === undefined ? undefined : indexOf(route.linkName);
      if (verb === 'delete') return unless('ESRCH', () => netlink.routes.delete(route, index));
      netlink.routes[verb](route, index ?? 0);
      return true;
    }
    case 'rule':
      if (change.verb === 'add') return netlink.rules.ensure(change.rule);
      if (change.verb === 'delete') return netlink.rules.delete(change.rule);
      return netlink.rules.deleteAll(change.rule) > 0;
    case 'neighbour':
      netlink.neighbours.replace(change.neighbour, indexOf(change.neighbour.linkName));
      return true;
  }
}

function applyLink(
  { links }: Netlink,
  change: Extract<NetworkChange, { readonly kind: 'link' }>,
  indexOf: (linkName: string) => number,
): boolean {
  const { link } = change;
  if (change.verb === 'change') {
    links.change({ index: indexOf(link.name) }, change.change);
    return true;
  }
  createVlan(links, link);
  return true;
}

function createVlan(links: Netlink['links'], { name, vlan }: DesiredLink): void {
  if (vlan === undefined) throw linkNotFound(name);
  const { id, mac, parentIndex } = vlan;
  // Down at first: what /proc/sys holds for it must be right before it goes up.
  links.createVlan({ name, isUp: false, mac, parentIndex, vlanId: id });
}

function linkIndices({ netlink, links = [] }: Place): (linkName: string) => number {
  const indices = new Map(links.map(({ name, index }) => [name, index]));
  return (name) => {
    const index = indices.get(name) ?? netlink.links.find({ name })?.index;
    if (index === undefined) throw linkNotFound(name);
    indices.set(name, index);
    return index;
  };
}

const linkNotFound = (linkName: string) =>
  new HostNetworkError(
    'link-not-found',
    `changing ${linkName}: there is no such link (any more); was the sandbox or the ENI taken away?`,
    { facts: { linkName } },
  );

/** @returns false when the kernel said that it is so already. */
function unless(errno: string, action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (isErrno(error, errno)) return false;
    throw error;
  }
}
