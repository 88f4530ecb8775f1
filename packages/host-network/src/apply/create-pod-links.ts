import type { PodAttachment } from '../desired/settings.ts';
import { HostNetworkError, isErrno } from '../host-network-error.ts';
import type { Netlink } from '../netlink/netlink.ts';
import type { HostContext } from './host-context.ts';

/**
 * Creates a pod's veth pair. One request, unless one of the names is taken: then links that are being
 * deleted are waited for, and a leftover on the host makes way, as upstream has it.
 *
 * @throws {HostNetworkError} `link-exists` when the pod has a link of that name; nothing was touched.
 */
export async function createPodLinks(
  { host, hostNetnsFd, sweeper }: HostContext,
  pod: Netlink,
  attachment: PodAttachment,
  hostMac: string,
): Promise<void> {
  const { hostLinkName, podLinkName, netnsPath } = attachment;
  const tryCreate = () => createPair(pod, attachment, hostMac, hostNetnsFd);
  if (tryCreate()) return;

  // A pod that was just torn down: its link is marked and on its way out.
  if (sweeper.isSweeping) {
    await sweeper.settled();
    if (tryCreate()) return;
  }
  if (pod.links.find({ name: podLinkName }) !== undefined) {
    throw linkExists(podLinkName, `in ${netnsPath}`);
  }
  // A predecessor of the same name that was never torn down.
  const leftover = host.links.find({ name: hostLinkName });
  if (leftover !== undefined) {
    requireVeth(leftover.kind, hostLinkName);
    sweeper.doom(leftover.index);
    await sweeper.settled();
  }
  if (!tryCreate()) throw linkExists(hostLinkName, 'on the host');
}

/** @returns false when one of the names is taken. */
function createPair(
  pod: Netlink,
  { podLinkName, hostLinkName, mtuBytes }: PodAttachment,
  hostMac: string,
  hostNetnsFd: number,
): boolean {
  const both = { mtuBytes, transmitQueueLength: 0 };
  // The host end is born on the host: moving a link between namespaces costs the kernel a grace period.
  const peer = { ...both, name: hostLinkName, mac: hostMac, netnsFd: hostNetnsFd };
  try {
    pod.links.createVeth({ ...both, name: podLinkName, isUp: true, peer });
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Guards a link that is about to be deleted as a pod's. @throws {HostNetworkError} `not-a-pod-link` */
export function requireVeth(kind: string, linkName: string): void {
  if (kind === 'veth') return;
  throw new HostNetworkError(
    'not-a-pod-link',
    `using ${linkName} as a pod's host link: it is a link of another kind, and was left alone`,
    { facts: { linkName, kind } },
  );
}

const linkExists = (linkName: string, where: string) =>
  new HostNetworkError(
    'link-exists',
    `creating ${linkName}: a link of that name exists ${where}; nothing was changed`,
    { facts: { linkName, where } },
  );
