import { branchLinkName } from '../desired/describe-branch.ts';
import { FROM_POD_PRIORITY, podClaims, podRoutes, toPodRule } from '../desired/describe-pod.ts';
import {
  addressesOf,
  type BranchToTearDown,
  type PodAttachment,
  type PodToTearDown,
} from '../desired/settings.ts';
import { hostCidr } from '../desired/subnet.ts';
import { isErrno, isHostNetworkError } from '../host-network-error.ts';
import { areEndsOfOneLink, type Link } from '../netlink/link.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import type { RequestObserver } from '../netlink/netlink-socket.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import { requireVeth } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';

/**
 * Takes a pod's rules and routes away at once; its links are left to the sweeper, what the kernel remembers
 * of its addresses to the forgetter. Whatever is gone already, the namespace included, is fine.
 */
export function tearDownPod(context: HostContext, attachment: PodToTearDown): void {
  unwire(context, attachment);
  for (const address of addressesOf(attachment)) context.forgetter.leave(address);
}

function unwire({ host, sweeper, observe }: HostContext, attachment: PodToTearDown): void {
  for (const selector of podClaims(attachment)) host.rules.deleteAll(selector);
  for (const address of addressesOf(attachment)) host.rules.delete(toPodRule(address));
  if (attachment.branch !== undefined) doomBranch({ host, sweeper }, attachment.branch);
  const routes = podRoutes(attachment);
  const deleteRoutes = (linkIndex?: number) =>
    routes.filter((route) => deleteRoute(host, route, linkIndex)).length > 0;
  const link = host.links.find({ name: attachment.hostLinkName });
  if (link === undefined) {
    deleteRoutes();
    return;
  }
  requireVeth(link.kind, link.name);
  if (deleteRoutes(link.index) || isPeerOf(link, attachment, observe)) {
    sweeper.doom(link.index);
    return;
  }
  // Host links are named after the pod, not the sandbox: this one belongs to the pod's next sandbox.
  deleteRoutes();
}

/** The table of a branch ENI empties with its link. */
function doomBranch(
  { host, sweeper }: Pick<HostContext, 'host' | 'sweeper'>,
  branch: BranchToTearDown,
): void {
  const link = host.links.find({ name: branchLinkName(branch.vlanId) });
  if (link?.kind === 'vlan') sweeper.doom(link.index);
}

/** Rules and route of an address whose link is not known any more. Calling it again does nothing. */
export function tearDownPodRules(
  { host, forgetter }: HostContext,
  address: PodAttachment['address'],
): void {
  host.rules.delete(toPodRule(address));
  // Whatever table its packets were sent to: the ENI may have moved since, or be gone.
  host.rules.deleteAll({ priority: FROM_POD_PRIORITY, from: address });
  deleteRoute(host, { destination: hostCidr(address), tableId: MAIN_TABLE, scope: 'link' });
  forgetter.leave(address);
}

/** @returns false when there was no such route. */
function deleteRoute(host: Netlink, route: Route, linkIndex?: number): boolean {
  try {
    host.routes.delete(route, linkIndex);
    return true;
  } catch (error) {
    if (isErrno(error, 'ESRCH')) return false;
    throw error;
  }
}

/** True when the host link's other end is this attachment's pod link: each names the other. */
function isPeerOf(
  link: Link,
  { netnsPath, podLinkName }: PodToTearDown,
  observe: RequestObserver,
): boolean {
  if (netnsPath === '') return false;
  let pod: Netlink;
  try {
    pod = openNetlink({ netnsPath, observe });
  } catch (error) {
    if (isHostNetworkError(error) && error.code === 'netns-not-found') return false;
    throw error;
  }
  try {
    const podLink = pod.links.find({ name: podLinkName });
    return podLink !== undefined && areEndsOfOneLink(link, podLink);
  } finally {
    pod.close();
  }
}
