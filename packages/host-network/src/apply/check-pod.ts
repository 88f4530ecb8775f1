import { describePod, isPrimaryTable } from '../desired/describe-pod.ts';
import {
  type DesiredLink,
  linkWords,
  type NetworkDescription,
  neighbourWords,
} from '../desired/network-description.ts';
import type { PodAttachment } from '../desired/settings.ts';
import { isHostNetworkError } from '../host-network-error.ts';
import { addressText } from '../netlink/address.ts';
import type { Link } from '../netlink/link.ts';
import { type Netlink, openNetlink } from '../netlink/netlink.ts';
import { routeText } from '../netlink/route.ts';
import { ruleText } from '../netlink/rule.ts';
import type { HostContext } from './host-context.ts';

/** What is missing of a pod's wiring, in the words of ip(8); empty when all is well. Changes nothing. */
export async function checkPod(
  { host }: HostContext,
  attachment: PodAttachment,
): Promise<readonly string[]> {
  const description = describePod(attachment);
  const hostMac = host.links.find({ name: attachment.hostLinkName })?.mac ?? '';
  const missingOnHost = [
    ...(await findMissing(host, description.host, hostMac)),
    ...(await findMissingWayOut(host, attachment.routeTableId)),
  ];
  const missingInPod = await checkPodSide(attachment, description.pod, hostMac);
  return [
    ...missingOnHost.map((words) => `host: ${words}`),
    ...missingInPod.map((words) => `pod: ${words}`),
  ];
}

/** A secondary ENI's table must lead out: the pod's rule sends everything there. */
async function findMissingWayOut(host: Netlink, tableId: number): Promise<readonly string[]> {
  if (isPrimaryTable(tableId)) return [];
  const routes = await host.routes.list(tableId);
  const leadsOut = routes.some(({ destination }) => destination === 'default');
  return leadsOut ? [] : [`default route in table ${tableId}`];
}

async function checkPodSide(
  { netnsPath }: PodAttachment,
  description: NetworkDescription,
  hostMac: string,
): Promise<readonly string[]> {
  let pod: Netlink;
  try {
    pod = openNetlink({ netnsPath });
  } catch (error) {
    if (!isHostNetworkError(error) || error.code !== 'netns-not-found') throw error;
    return [`network namespace ${netnsPath}`];
  }
  try {
    return await findMissing(pod, description, hostMac);
  } finally {
    pod.close();
  }
}

async function findMissing(
  netlink: Netlink,
  description: NetworkDescription,
  hostMac: string,
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const desired of description.links) {
    const link = netlink.links.find({ name: desired.name });
    if (link === undefined || !isAsDesired(link, desired)) missing.push(linkWords(desired));
    if (link !== undefined) {
      missing.push(...(await findMissingOnLink(netlink, link, description, hostMac)));
    }
  }
  if (description.rules.length > 0) {
    const present = new Set((await netlink.rules.list()).map(ruleText));
    missing.push(...description.rules.map(ruleText).filter((words) => !present.has(words)));
  }
  return missing;
}

const isAsDesired = (link: Link, desired: DesiredLink) =>
  link.isUp === desired.isUp &&
  link.mtuBytes === desired.mtuBytes &&
  (desired.kind === undefined || link.kind === desired.kind);

async function findMissingOnLink(
  netlink: Netlink,
  link: Link,
  { addresses, routes, neighbours }: NetworkDescription,
  hostMac: string,
): Promise<readonly string[]> {
  const here = { linkName: link.name };
  const presentAddresses = new Set(
    (addresses.length > 0 ? await netlink.addresses.list(link.index) : []).map((address) =>
      addressText({ ...address, ...here }),
    ),
  );
  const presentRoutes = new Set<string>();
  for (const tableId of new Set(routes.map((route) => route.tableId))) {
    for (const route of await netlink.routes.list(tableId, link.index)) {
      presentRoutes.add(routeText({ ...route, ...here }));
    }
  }
  const permanent =
    neighbours.length > 0 ? await netlink.neighbours.list(link.index, link.name) : [];
  return [
    ...addresses.map(addressText).filter((words) => !presentAddresses.has(words)),
    ...routes.map(routeText).filter((words) => !presentRoutes.has(words)),
    ...neighbours
      .filter(
        ({ address }) =>
          !permanent.some((entry) => entry.address === address && entry.mac === hostMac),
      )
      .map(neighbourWords),
  ];
}
