import { describePod, type PodDescription } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import type { NetworkChange } from '../desired/network-change.ts';
import { type NetworkState, untouched } from '../desired/network-state.ts';
import { addressesOf, type PodAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { randomMac } from '../mac-address.ts';
import type { Link } from '../netlink/link.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import { applyChanges, makeWay } from './apply-changes.ts';
import { createPodLinks } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';

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
  const forgotten = Promise.all(
    addressesOf(attachment).map((address) => context.forgetter.arrive(address)),
  ).catch(() => {});
  try {
    if (attachment.branch !== undefined) await makeWayForBranch(context, description);
    await createPodLinks(context, pod, attachment, hostMac);
    const done: NetworkChange[] = [];
    try {
      const links = wire(context.host, pod, attachment, description, done);
      await forgotten;
      return links;
    } catch (error) {
      await takeAway(context, attachment.hostLinkName, done);
      throw error;
    }
  } finally {
    pod.close();
  }
}

/** A branch ENI's link may be left from an earlier pod, on its way out or on a trunk that has changed since. */
async function makeWayForBranch(
  { host, sweeper }: HostContext,
  { host: side }: PodDescription,
): Promise<void> {
  await sweeper.settled();
  await makeWay({ netlink: host }, diff(presentLinks(host, side.links), side));
}

function wire(
  host: Netlink,
  pod: Netlink,
  { netnsPath, hostLinkName, podLinkName }: PodAttachment,
  description: PodDescription,
  done: NetworkChange[],
): PodLinks {
  const podLink = requireLink(pod, podLinkName);
  const hostLink = requireLink(host, hostLinkName);
  const inPod = { netlink: pod, netnsPath, links: [podLink] };
  const macs = new Map([[hostLinkName, hostLink.mac]]);
  const podChanges = diff(untouched([podLink]), description.pod, macs);
  const isSysctl = ({ kind }: NetworkChange) => kind === 'sysctl';

  // The pod's link has a carrier as soon as the host's is up.
  applyChanges(inPod, podChanges.filter(isSysctl));
  const otherLinks = description.host.links.filter(({ name }) => name !== hostLinkName);
  const hostState = { links: [hostLink, ...presentLinks(host, otherLinks).links] };
  applyChanges({ netlink: host, ...hostState }, diff(hostState, description.host), done);
  applyChanges(
    inPod,
    podChanges.filter((change) => !isSysctl(change)),
  );
  return { hostMac: hostLink.mac, podMac: podLink.mac };
}

/** All that is known of the host on a pod's path. */
const presentLinks = (
  host: Netlink,
  links: readonly { readonly name: string }[],
): NetworkState => ({
  links: links.flatMap(({ name }) => host.links.find({ name }) ?? []),
});

/** Routes, addresses and neighbours go with the links. */
async function takeAway(
  { host, sweeper }: HostContext,
  hostLinkName: string,
  done: readonly NetworkChange[],
): Promise<void> {
  try {
    for (const change of done.toReversed()) await undo(host, change);
    const link = host.links.find({ name: hostLinkName });
    if (link !== undefined) sweeper.doom(link.index);
    await sweeper.settled();
  } catch {
    // The error that led here says what is wrong with this host; the runtime's DEL tries again.
  }
}

async function undo(host: Netlink, change: NetworkChange): Promise<void> {
  if (change.kind === 'rule' && change.verb === 'add') host.rules.delete(change.rule);
  if (change.kind === 'link' && change.verb !== 'change') {
    await host.links.delete({ name: change.link.name });
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
