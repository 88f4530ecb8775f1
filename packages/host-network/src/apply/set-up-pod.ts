import { describePod, FROM_POD_PRIORITY, type PodDescription } from '../desired/describe-pod.ts';
import type { PodAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { randomMac } from '../mac-address.ts';
import type { Link } from '../netlink/link.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import { createPodLinks } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';
import { writeSysctl } from './write-sysctl.ts';

/** The hardware addresses of a pod's veth pair. */
export interface PodLinks {
  readonly hostMac: string;
  readonly podMac: string;
}

/**
 * Wires a pod: one socket in its namespace, no dump, no child process, and synchronous from the creation
 * of the links to the last rule. On failure, what was made is taken away before the promise rejects.
 */
export async function setUpPod(context: HostContext, attachment: PodAttachment): Promise<PodLinks> {
  const description = describePod(attachment);
  const hostMac = randomMac(context.randomBytes(6));
  const pod = openNetlink({ netnsPath: attachment.netnsPath, observe: context.observe });
  // Runs on another thread meanwhile. Should it fail, the pod is wired nevertheless, as upstream's is.
  const forgotten = context.forgetter.arrive(attachment.address).catch(() => {});
  try {
    await createPodLinks(context, pod, attachment, hostMac);
    const undo: (() => void)[] = [];
    try {
      const links = wire(context.host, pod, attachment, description, undo);
      await forgotten;
      return links;
    } catch (error) {
      await takeAway(context, attachment.hostLinkName, undo);
      throw error;
    }
  } finally {
    pod.close();
  }
}

function wire(
  host: Netlink,
  pod: Netlink,
  attachment: PodAttachment,
  description: PodDescription,
  undo: (() => void)[],
): PodLinks {
  const hostLink = requireLink(host, attachment.hostLinkName);
  for (const sysctl of description.host.sysctls) writeSysctl(sysctl);
  host.links.change({ index: hostLink.index }, { isUp: true });

  const podLink = requireLink(pod, attachment.podLinkName);
  wirePodSide(pod, podLink.index, description, hostLink.mac);
  wireHostSide(host, hostLink.index, attachment, description, undo);
  return { hostMac: hostLink.mac, podMac: podLink.mac };
}

function wirePodSide(
  pod: Netlink,
  linkIndex: number,
  description: PodDescription,
  hostMac: string,
): void {
  const { routes, addresses, neighbours } = description.pod;
  for (const route of routes) {
    if (route.destination === 'default') pod.routes.add(route, linkIndex);
    else pod.routes.replace(route, linkIndex);
  }
  for (const address of addresses) pod.addresses.add(address, linkIndex);
  for (const { address, linkName } of neighbours) {
    pod.neighbours.add({ address, linkName, mac: hostMac }, linkIndex);
  }
}

function wireHostSide(
  host: Netlink,
  linkIndex: number,
  { address }: PodAttachment,
  description: PodDescription,
  undo: (() => void)[],
): void {
  for (const route of description.host.routes) host.routes.replace(route, linkIndex);
  // A from-rule that a crash left to an earlier holder of the address would win over ours.
  host.rules.deleteAll({ priority: FROM_POD_PRIORITY, from: address });
  for (const rule of description.host.rules) {
    if (host.rules.ensure(rule)) undo.push(() => host.rules.delete(rule));
  }
}

/** Routes, addresses and neighbours go with the links. */
async function takeAway(
  { host, sweeper }: HostContext,
  hostLinkName: string,
  undo: readonly (() => void)[],
): Promise<void> {
  try {
    for (const step of undo.toReversed()) step();
    const link = host.links.find({ name: hostLinkName });
    if (link !== undefined) sweeper.doom(link.index);
    await sweeper.settled();
  } catch {
    // The error that led here says what is wrong with this host; the runtime's DEL tries again.
  }
}

function requireLink(netlink: Netlink, name: string): Link {
  const link = netlink.links.find({ name });
  if (link !== undefined) return link;
  throw new HostNetworkError(
    'link-not-found',
    `setting up ${name}: it vanished while the pod was being wired; is the sandbox gone?`,
    { facts: { linkName: name } },
  );
}
