import type { PodAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { linkSearch, vethCreation } from '../netlink/links.ts';
import { type Answer, type NetlinkRequest, payloadUnless } from '../netlink/netlink-request.ts';
import type { HostContext } from './host-context.ts';
import type { PodNetns } from './pod-netns.ts';

/** The hardware addresses of a pod's veth pair. */
export interface PodLinks {
  readonly hostMac: string;
  readonly podMac: string;
}

/**
 * Creates a pod's veth pair, and asks the host for more in the same go. One write, unless one of the names is
 * taken: then links that are being deleted are waited for, and a leftover on the host makes way, as upstream has it.
 *
 * @returns the answers to `next`.
 * @throws {HostNetworkError} `link-exists` when the pod has a link of that name; nothing was touched.
 */
export async function createPodLinks(
  context: HostContext,
  pod: PodNetns,
  attachment: PodAttachment,
  { macs, next }: { readonly macs: PodLinks; readonly next: readonly NetlinkRequest[] },
): Promise<readonly Answer[]> {
  const { hostLinkName, podLinkName, netnsPath } = attachment;
  const { host, sweeper } = context;
  const creation = pairCreation(pod, attachment, macs);
  const tryCreate = () => askNext(context, creation, next);
  const answers = await tryCreate();
  if (answers !== undefined) return answers;

  // A pod that was just torn down: its link is marked and on its way out.
  if (sweeper.isSweeping) {
    await sweeper.settled();
    const later = await tryCreate();
    if (later !== undefined) return later;
  }
  if (pod.socket.attempt(linkSearch({ name: podLinkName }), 'ENODEV') !== undefined) {
    throw linkExists(podLinkName, `in ${netnsPath}`);
  }
  // A predecessor of the same name that was never torn down.
  const leftover = host.links.find({ name: hostLinkName });
  if (leftover !== undefined) {
    requireVeth(leftover.kind, hostLinkName);
    sweeper.doom(leftover.index);
    await sweeper.settled();
  }
  const last = await tryCreate();
  if (last === undefined) throw linkExists(hostLinkName, 'on the host');
  return last;
}

/**
 * Both ends are born where they belong: moving a link between namespaces costs the kernel a grace period. The host's
 * is the first of the pair: older kernels, 6.1 among them, look for the first one's name on the host, wherever it is to be.
 */
function pairCreation(
  pod: PodNetns,
  { podLinkName, hostLinkName, mtuBytes }: PodAttachment,
  { podMac, hostMac }: PodLinks,
): NetlinkRequest {
  const both = { mtuBytes, transmitQueueLength: 0 };
  return vethCreation({
    ...both,
    name: hostLinkName,
    mac: hostMac,
    peer: { ...both, name: podLinkName, mac: podMac, netnsFd: pod.fd },
  });
}

/** @returns undefined when one of the names is taken. */
async function askNext(
  { hostAsks, crowd }: HostContext,
  creation: NetlinkRequest,
  next: readonly NetlinkRequest[],
): Promise<readonly Answer[] | undefined> {
  const [created, ...answers] = await hostAsks.askAll([creation, ...next], crowd.where());
  // The first of the requests has an answer.
  const isDone = payloadUnless(['EEXIST'], created as Answer, creation) !== undefined;
  return isDone ? answers : undefined;
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
