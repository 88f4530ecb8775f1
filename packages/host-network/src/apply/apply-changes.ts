import type { NetworkChange } from '../desired/network-change.ts';
import { isErrno } from '../host-network-error.ts';
import type { Link } from '../netlink/link.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { inNetns } from '../netns/in-netns.ts';
import { changeRequest, isRequested, linkNotFound } from './change-request.ts';
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
  if (change.kind === 'sysctl') {
    const write = () => writeSysctl(change.sysctl);
    if (netnsPath === undefined) write();
    else inNetns(netnsPath, write);
    return true;
  }
  if (!isRequested(change)) return netlink.rules.deleteAll(change.rule) > 0;
  const { request, expected } = changeRequest(change, indexOf);
  return netlink.attempt(request, ...expected) !== undefined;
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
