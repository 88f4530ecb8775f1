import { isErrno } from '../host-network-error.ts';
import type { Channel, WatchOptions } from './channel.ts';
import { HOST_ORDER } from './host-order.ts';
import {
  changedLink,
  type Link,
  type LinkChange,
  type LinkSelector,
  linkFromMessage,
  linkGroup,
  linkText,
  type NewLink,
  type NewVlan,
  newDummy,
  newVethPair,
  newVlan,
  selectLink,
  type VethPair,
} from './link.ts';
import {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_SETLINK,
} from './link-message.ts';
import type { LinkEvent, LinkWatch } from './link-watch.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';

/** The links of one network namespace. Refusals are `kernel-refused` errors, naming the errno. */
export class Links {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The link with that name or index, or undefined. One lookup, no dump. */
  find(selector: LinkSelector): Link | undefined {
    const answer = this.#channel.attempt(linkSearch(selector), 'ENODEV');
    return answer === undefined
      ? undefined
      : linkFromMessage(decodeLinkMessage(answer, HOST_ORDER));
  }

  /** All links, by a dump off the JavaScript thread. */
  list(): Promise<Link[]> {
    const message = { ...selectLink({ index: 0 }), extensionMask: RTEXT_FILTER_SKIP_STATS };
    return this.#channel.list(linkRequest(RTM_GETLINK, 0, message, 'list', 'links'), (payload) =>
      linkFromMessage(decodeLinkMessage(payload, HOST_ORDER)),
    );
  }

  /** The link with that hardware address (any case), or undefined; by a dump. */
  async findByMac(mac: string): Promise<Link | undefined> {
    const wanted = mac.toLowerCase();
    return (await this.list()).find((link) => link.mac === wanted);
  }

  /**
   * Calls `onEvent` for every link that appears, changes or vanishes from now on. Without `netnsPath`,
   * those of the namespace that the calling thread is in now. A listener that throws ends the watch.
   */
  watch(onEvent: (event: LinkEvent) => void, options?: WatchOptions): LinkWatch {
    return this.#channel.watchLinks(onEvent, options);
  }

  /** Creates a veth pair. EEXIST when either name is taken, and then nothing was created. */
  createVeth(pair: VethPair): void {
    this.#channel.exchange(vethCreation(pair));
  }

  /** Creates a VLAN. EEXIST when the name, or the id on that parent, is taken. */
  createVlan(link: NewVlan): void {
    this.#channel.exchange(vlanCreation(link));
  }

  /** Creates a link that drops whatever is sent to it. EEXIST when the name is taken. */
  createDummy(link: NewLink): void {
    this.#channel.exchange(creation(newDummy(link), 'create dummy', link.name, 'dummy'));
  }

  /** Changes what `change` names. ENODEV when there is no such link. */
  change(selector: LinkSelector, change: LinkChange): void {
    this.#channel.exchange(linkAlteration(selector, change));
  }

  /** Deletes a link off the JavaScript thread: a veth pair takes the kernel some 20 ms. */
  async delete(selector: LinkSelector): Promise<void> {
    const message = selectLink(selector);
    await this.#channel.exchangeAsync(
      linkRequest(RTM_DELLINK, NLM_F_ACK, message, 'delete link', linkText(selector)),
    );
  }

  /**
   * Deletes every link of a group in one go, off the JavaScript thread: the kernel waits once, however
   * many there are.
   *
   * @returns false when the group was empty.
   */
  async deleteGroup(group: number): Promise<boolean> {
    try {
      await this.#channel.exchangeAsync(
        linkRequest(RTM_DELLINK, NLM_F_ACK, linkGroup(group), 'delete links of group', `${group}`),
      );
      return true;
    } catch (error) {
      if (isErrno(error, 'ENODEV')) return false;
      throw error;
    }
  }
}

/** Answered with the link, or ENODEV. */
export const linkSearch = (selector: LinkSelector): NetlinkRequest => {
  const message = { ...selectLink(selector), extensionMask: RTEXT_FILTER_SKIP_STATS };
  return linkRequest(RTM_GETLINK, 0, message, 'find link', linkText(selector));
};

export const vethCreation = (pair: VethPair): NetlinkRequest => {
  const object = `${pair.name} with peer ${pair.peer.name}`;
  return creation(newVethPair(pair), 'create veth', object, 'veth');
};

export const vlanCreation = (link: NewVlan): NetlinkRequest => {
  const object = `${link.name} with id ${link.vlanId} on #${link.parentIndex}`;
  return creation(newVlan(link), 'create vlan', object, '8021q');
};

export const linkAlteration = (selector: LinkSelector, change: LinkChange): NetlinkRequest => {
  const message = changedLink(selector, change);
  return linkRequest(RTM_SETLINK, NLM_F_ACK, message, 'change link', linkText(selector));
};

const creation = (
  message: LinkMessage,
  operation: string,
  object: string,
  module: string,
): NetlinkRequest => ({
  ...linkRequest(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, message, operation, object),
  // libuv's name for EOPNOTSUPP.
  remedies: { ENOTSUP: `this kernel lacks the module ${module}` },
});

const linkRequest = (
  type: number,
  flags: number,
  message: LinkMessage,
  operation: string,
  object: string,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeLinkMessage(message, HOST_ORDER),
  operation,
  object: () => object,
});
