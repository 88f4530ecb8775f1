import { describePod, type PodDescription } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import type { NetworkChange } from '../desired/network-change.ts';
import { addressesOf, type PodAttachment } from '../desired/settings.ts';
import { randomMac } from '../mac-address.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { makeWay } from './apply-changes.ts';
import { createPodLinks, type PodLinks } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';
import { openPodNetns } from './pod-netns.ts';
import { askedAlong, presentLinks, wirePod } from './wire-pod.ts';

/**
 * Wires a pod: one socket in its namespace, three writes, no dump, no child process; those on the host are shared
 * with other pods that come at the time. On failure, what was made is taken away before the promise rejects.
 */
export async function setUpPod(context: HostContext, attachment: PodAttachment): Promise<PodLinks> {
  const description = describePod(attachment);
  const random = context.randomBytes(12);
  const macs = { hostMac: randomMac(random), podMac: randomMac(random.subarray(6)) };
  const pod = openPodNetns(attachment.netnsPath, context);
  // Runs on another thread meanwhile. Should it fail, the pod is wired nevertheless, as upstream's is.
  const forgotten = Promise.all(
    addressesOf(attachment).map((address) => context.forgetter.arrive(address)),
  ).catch(() => {});
  try {
    if (attachment.branch !== undefined) await makeWayForBranch(context, description);
    const next = askedAlong(description, attachment.hostLinkName);
    const answers = await createPodLinks(context, pod, attachment, { macs, next });
    const done: NetworkChange[] = [];
    try {
      await wirePod(context, pod, { attachment, description, macs, answers }, done);
      await forgotten;
      return macs;
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
  await makeWay({ netlink: host }, diff({ links: presentLinks(host, side.links) }, side));
}

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
