import type { PodDescription } from '../desired/describe-pod.ts';
import { diff } from '../desired/diff.ts';
import { ipv6SettingsOf } from '../desired/ipv6-settings.ts';
import type { NetworkChange } from '../desired/network-change.ts';
import type { SysctlValue } from '../desired/network-description.ts';
import { untouched } from '../desired/network-state.ts';
import type { PodAttachment } from '../desired/settings.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { HOST_ORDER } from '../netlink/host-order.ts';
import { ipv6ConfOf } from '../netlink/ipv6-conf.ts';
import { type Link, linkFromMessage } from '../netlink/link.ts';
import { decodeLinkMessage } from '../netlink/link-message.ts';
import { linkSearch } from '../netlink/links.ts';
import type { Netlink } from '../netlink/netlink.ts';
import { type Answer, type NetlinkRequest, payloadUnless } from '../netlink/netlink-request.ts';
import { ruleDeletion } from '../netlink/rules.ts';
import { applyChanges } from './apply-changes.ts';
import { applyTogether } from './apply-together.ts';
import type { PodLinks } from './create-pod-links.ts';
import type { HostContext } from './host-context.ts';
import type { PodNetns } from './pod-netns.ts';

/** A pod whose links were just made. */
export interface LinkedPod {
  readonly attachment: PodAttachment;
  readonly description: PodDescription;
  readonly macs: PodLinks;
  /** The host's, to what was {@link askedAlong}. */
  readonly answers: readonly Answer[];
}

/** What the host is asked along with the creation of a pod's links: for its end, and to delete stale rules. */
export const askedAlong = (
  { host }: PodDescription,
  hostLinkName: string,
): readonly NetlinkRequest[] => [
  linkSearch({ name: hostLinkName }),
  ...host.claims.rules.map(ruleDeletion),
];

/**
 * Makes all that is on a pod's links, and what leads to them.
 *
 * @param done gets every change of the host that changed something, also when a later one is refused.
 */
export async function wirePod(
  context: HostContext,
  pod: PodNetns,
  { attachment, description, macs, answers }: LinkedPod,
  done: NetworkChange[],
): Promise<void> {
  const [search, ...deletions] = answers;
  const { hostLink, sysctls } = readHostEnd(attachment.hostLinkName, search);
  deleteOthers(context.host, description, deletions);

  const podLink = {
    ...hostLink,
    name: attachment.podLinkName,
    index: hostLink.peerIndex,
  };
  const hostMacs = new Map([[attachment.hostLinkName, macs.hostMac]]);
  const podChanges = diff(untouched([podLink]), description.pod, hostMacs);
  const applyInPod = (changes: readonly NetworkChange[]) => {
    const where = context.crowd.where();
    return applyTogether({ asks: pod.socket, where, links: [podLink], run: pod.run }, changes);
  };

  // Before either link is up.
  await applyInPod(podChanges.filter(isSysctl));
  await wireHost(context, { attachment, description, hostLink, sysctls }, done);
  await applyInPod(podChanges.filter((change) => !isSysctl(change)));
}

async function wireHost(
  { host, hostAsks, crowd }: HostContext,
  {
    attachment: { branch },
    description,
    hostLink,
    sysctls,
  }: Pick<LinkedPod, 'attachment' | 'description'> & HostEnd,
  done: NetworkChange[],
): Promise<void> {
  const others = description.host.links.filter(({ name }) => name !== hostLink.name);
  const links = [hostLink, ...presentLinks(host, others)];
  const changes = diff({ links, sysctls }, description.host);
  // The VLAN of a branch ENI must be there before what is on it.
  if (branch !== undefined) applyChanges({ netlink: host, links }, changes, done);
  else await applyTogether({ asks: hostAsks, where: crowd.where(), links }, changes, done);
}

const isSysctl = ({ kind }: NetworkChange) => kind === 'sysctl';

interface HostEnd {
  readonly hostLink: Link & { readonly peerIndex: number };
  /** Its own. */
  readonly sysctls: readonly SysctlValue[];
}

function readHostEnd(name: string, answer: Answer | undefined): HostEnd {
  const payload = answer && payloadUnless(['ENODEV'], answer, linkSearch({ name }));
  if (payload === undefined) throw vanished(name);
  const message = decodeLinkMessage(payload, HOST_ORDER);
  const { peerIndex, ...link } = linkFromMessage(message);
  if (peerIndex === undefined) throw vanished(name);
  const sysctls = ipv6SettingsOf(name, ipv6ConfOf(message, HOST_ORDER));
  return { hostLink: { ...link, peerIndex }, sysctls };
}

/** Each answer tells whether a rule that matches was deleted: there may be more of them. */
function deleteOthers(
  host: Netlink,
  { host: { claims } }: PodDescription,
  answers: readonly Answer[],
): void {
  for (const [index, answer] of answers.entries()) {
    const rule = claims.rules[index];
    if (rule === undefined) continue;
    const isDeleted = payloadUnless(['ENOENT'], answer, ruleDeletion(rule)) !== undefined;
    if (isDeleted) host.rules.deleteAll(rule);
  }
}

export const presentLinks = (
  host: Netlink,
  links: readonly { readonly name: string }[],
): readonly Link[] => links.flatMap(({ name }) => host.links.find({ name }) ?? []);

const vanished = (linkName: string) =>
  new HostNetworkError(
    'link-not-found',
    `setting up ${linkName}: it vanished while the pod was being wired; is the sandbox gone?`,
    { facts: { linkName } },
  );
