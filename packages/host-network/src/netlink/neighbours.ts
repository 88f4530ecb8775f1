import type { IpFamily } from '../ip.ts';
import type { Channel } from './channel.ts';
import { familyNumber } from './family.ts';
import { HOST_ORDER } from './host-order.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './message.ts';
import {
  type LearnedNeighbour,
  learnedFromMessage,
  type Neighbour,
  neighbourFromMessage,
  neighbourMessage,
  neighbourSelection,
  neighbourText,
} from './neighbour.ts';
import {
  decodeNeighbourMessage,
  encodeNeighbourMessage,
  type NeighbourMessage,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from './neighbour-message.ts';
import type { NetlinkRequest } from './netlink-request.ts';

/** The neighbour entries of one network namespace. Refusals are `kernel-refused` errors. */
export class Neighbours {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** EEXIST when the link knows that address already. */
  add(neighbour: Neighbour, linkIndex: number): void {
    const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    this.#channel.exchange(entryRequest(RTM_NEWNEIGH, flags, 'add', neighbour, linkIndex));
  }

  replace(neighbour: Neighbour, linkIndex: number): void {
    this.#channel.exchange(neighbourReplacement(neighbour, linkIndex));
  }

  /** ENOENT when there is none. */
  delete(neighbour: Neighbour, linkIndex: number): void {
    this.#channel.exchange(entryRequest(RTM_DELNEIGH, NLM_F_ACK, 'delete', neighbour, linkIndex));
  }

  /** Forgets what a link knows of an address, whatever that is. @returns false when it knew nothing. */
  forget({ address, linkIndex }: LearnedNeighbour): boolean {
    const message = neighbourSelection(address, linkIndex);
    const object = () => `${address} on link #${linkIndex}`;
    const forgetting = request(RTM_DELNEIGH, NLM_F_ACK, 'forget neighbour', message, object);
    // Link and entry may have gone on their own since the caller looked.
    return this.#channel.attempt(forgetting, 'ENOENT', 'ENODEV') !== undefined;
  }

  /** The permanent entries of a link in one family, by a dump off the JavaScript thread. */
  list(linkIndex: number, linkName: string, family: IpFamily = 'ipv4'): Promise<Neighbour[]> {
    return this.#channel.list(
      dumpRequest(family, () => `neighbours of ${linkName}`),
      (payload) => {
        const entry = decodeNeighbourMessage(payload, HOST_ORDER);
        return entry.linkIndex === linkIndex ? neighbourFromMessage(entry, linkName) : undefined;
      },
    );
  }

  /** What all links have learned in one family, by a dump off the JavaScript thread. */
  listLearned(family: IpFamily): Promise<LearnedNeighbour[]> {
    return this.#channel.list(
      dumpRequest(family, () => 'learned neighbours'),
      (payload) => learnedFromMessage(decodeNeighbourMessage(payload, HOST_ORDER)),
    );
  }
}

export const neighbourReplacement = (neighbour: Neighbour, linkIndex: number): NetlinkRequest => {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  return entryRequest(RTM_NEWNEIGH, flags, 'replace', neighbour, linkIndex);
};

const request = (
  type: number,
  flags: number,
  operation: string,
  message: NeighbourMessage,
  object: () => string,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeNeighbourMessage(message, HOST_ORDER),
  operation,
  object,
});

const entryRequest = (
  type: number,
  flags: number,
  verb: string,
  neighbour: Neighbour,
  linkIndex: number,
): NetlinkRequest =>
  request(type, flags, `${verb} neighbour`, neighbourMessage(neighbour, linkIndex), () =>
    neighbourText(neighbour),
  );

// Strict checking wants everything but the family to be zero.
const dumpRequest = (family: IpFamily, object: () => string): NetlinkRequest =>
  request(
    RTM_GETNEIGH,
    0,
    'list',
    {
      family: familyNumber(family),
      linkIndex: 0,
      state: 0,
      flags: 0,
      type: 0,
      otherAttributes: [],
    },
    object,
  );
