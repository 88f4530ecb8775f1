import type { NetworkChange } from '../desired/network-change.ts';
import type { Link } from '../netlink/link.ts';
import { payloadUnless } from '../netlink/netlink-request.ts';
import type { Where } from '../netlink/netlink-socket.ts';
import { changeRequest, isRequested, linkNotFound } from './change-request.ts';
import type { Asks } from './gather-asks.ts';
import { writeSysctl } from './sysctl.ts';

/** A network namespace to change with few writes. */
export interface Gathering {
  readonly asks: Asks;
  readonly where: Where;
  /** All that the changes are about. */
  readonly links: readonly Link[];
  /** How to get into the namespace; absent for the calling thread's. */
  readonly run?: <T>(fn: () => T) => T;
}

/**
 * Writes what goes below /proc/sys, then carries out the others with one write, except to clear rules. Whatever
 * is that way already is fine. What comes after a change that is refused is carried out nevertheless.
 *
 * @param done gets every change that changed something, also when another is refused.
 * @throws {HostNetworkError} `kernel-refused`, `sysctl-refused`
 */
export async function applyTogether(
  { asks, where, links, run = (fn) => fn() }: Gathering,
  changes: readonly NetworkChange[],
  done: NetworkChange[] = [],
): Promise<void> {
  const sysctls = changes.flatMap((change) => (change.kind === 'sysctl' ? [change.sysctl] : []));
  if (sysctls.length > 0) run(() => sysctls.forEach(writeSysctl));

  const indexOf = (linkName: string) => {
    const link = links.find(({ name }) => name === linkName);
    if (link === undefined) throw linkNotFound(linkName);
    return link.index;
  };
  const requested = changes.filter(isRequested);
  const asked = requested.map((change) => changeRequest(change, indexOf));
  const requests = asked.map(({ request }) => request);
  const answers = await asks.askAll(requests, where);
  done.push(...requested.filter((_, index) => answers[index]?.kind === 'done'));
  for (const [index, { request, expected }] of asked.entries()) {
    const answer = answers[index];
    if (answer !== undefined) payloadUnless(expected, answer, request);
  }
}
