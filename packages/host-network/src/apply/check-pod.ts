import { describePod, isPrimaryTable, leavingTableOf } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import { type NetworkChange, objectText } from '../desired/network-change.ts';
import { addressesOf, type PodAttachment, type WiredAttachment } from '../desired/settings.ts';
import { isHostNetworkError } from '../host-network-error.ts';
import { ipFamily } from '../ip.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import type { HostContext } from './host-context.ts';
import { createObserver, type Observer } from './observe.ts';

/** What is missing of a pod's wiring, in the words of ip(8); empty when all is well. Changes nothing. */
export async function checkPod(
  { observerOfHost }: Pick<HostContext, 'observerOfHost'>,
  attachment: WiredAttachment,
): Promise<readonly string[]> {
  const description = describePod(attachment);
  const host = await observerOfHost();
  const hostState = await host.observe(description.host);
  const hostWords = [
    ...diff(hostState, description.host).flatMap(complaint),
    ...(await findMissingWayOut(host, attachment)),
  ];
  const macs = new Map(hostState.links.map(({ name, mac }) => [name, mac]));
  const podWords = await withPod(attachment, async (pod) => {
    const podState = await createObserver(pod, attachment.netnsPath).observe(description.pod);
    return diff(podState, description.pod, macs).flatMap(complaint);
  });
  return [
    ...hostWords.map((words) => `host: ${words}`),
    ...(podWords ?? [`network namespace ${attachment.netnsPath}`]).map((words) => `pod: ${words}`),
  ];
}

/** Opens the pod's namespace for `look`. @returns undefined when there is none (any more). */
export async function withPod<T>(
  { netnsPath }: Pick<PodAttachment, 'netnsPath'>,
  look: (pod: Netlink) => Promise<T>,
): Promise<T | undefined> {
  try {
    const pod = openNetlink({ netnsPath });
    try {
      return await look(pod);
    } finally {
      pod.close();
    }
  } catch (error) {
    // It may go while it is looked at.
    if (isHostNetworkError(error) && error.code === 'netns-not-found') return undefined;
    throw error;
  }
}

/** A hardened sysctl is for the next repair; it does not make a pod that runs a broken one. */
function complaint(change: NetworkChange): readonly string[] {
  if (change.kind === 'sysctl') return [];
  const isTooMuch = change.verb === 'delete' || change.verb === 'recreate';
  return [isTooMuch ? `${objectText(change)} (unwanted)` : objectText(change)];
}

/** A secondary ENI's table must lead out: the pod's rule sends everything there. */
async function findMissingWayOut(
  host: Observer,
  attachment: WiredAttachment,
): Promise<readonly string[]> {
  const tableId = leavingTableOf(attachment);
  // That of a branch ENI is part of the pod's own description.
  if (isPrimaryTable(tableId) || attachment.branch !== undefined) return [];
  const missing: string[] = [];
  for (const family of addressesOf(attachment).map(ipFamily)) {
    const ways = await host.defaultRoutes(tableId, family);
    if (ways.length === 0) missing.push(`default route in table ${tableId}`);
  }
  return missing;
}
