import { FROM_POD_PRIORITY, podRoute, toPodRule } from '../desired/describe-pod.ts';
import type { PodAttachment, PodToTearDown } from '../desired/settings.ts';
import { isErrno, isHostNetworkError } from '../host-network-error.ts';
import type { Link } from '../netlink/link.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import type { RequestObserver } from '../netlink/netlink-socket.ts';
import { MAIN_TABLE, type Route } from '../netlink/route.ts';
import { requireVeth } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';

/**
 * Takes a pod's rules and route away at once; its link is left to the sweeper, what the kernel remembers of
 * its address to the forgetter. Whatever is gone already, the namespace included, is fine.
 */
export function tearDownPod(context: HostContext, attachment: PodToTearDown): void {
  unwire(context, attachment);
  context.forgetter.leave(attachment.address);
}

function unwire({ host, sweeper, observe }: HostContext, attachment: PodToTearDown): void {
  deletePodRules(host, attachment.address);
  const route = podRoute(attachment);
  const link = host.links.find({ name: attachment.hostLinkName });
  if (link === undefined) {
    deleteRoute(host, route);
    return;
  }
  requireVeth(link.kind, link.name);
  if (deleteRoute(host, route, link.index) || isPeerOf(link, attachment, observe)) {
    sweeper.doom(link.index);
    return;
  }
  // Host links are named after the pod, not the sandbox: this one belongs to the pod's next sandbox.
  deleteRoute(host, route);
}

/** Rules and route of an address whose link is not known any more. Calling it again does nothing. */
export function tearDownPodRules(
  { host, forgetter }: HostContext,
  address: PodAttachment['address'],
): void {
  deletePodRules(host, address);
  deleteRoute(host, { destination: `${address}/32`, tableId: MAIN_TABLE, scope: 'link' });
  forgetter.leave(address);
}

/** Whatever table its packets were sent to: the ENI may have moved since, or be gone. */
function deletePodRules(host: Netlink, address: PodAttachment['address']): void {
  host.rules.delete(toPodRule(address));
  host.rules.deleteAll({ priority: FROM_POD_PRIORITY, from: address });
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
    return podLink?.peerIndex === link.index && link.peerIndex === podLink.index;
  } finally {
    pod.close();
  }
}
