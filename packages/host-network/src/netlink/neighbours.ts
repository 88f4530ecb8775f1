import type { Channel } from './channel.ts';
import { AF_INET } from './family.ts';
import { NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './message.ts';
import {
  type Neighbour,
  neighbourFromMessage,
  neighbourMessage,
  neighbourText,
} from './neighbour.ts';
import {
  decodeNeighbourMessage,
  encodeNeighbourMessage,
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
} from './neighbour-message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { HOST_ORDER } from './netlink-socket.ts';

/** The permanent IPv4 neighbour entries of one network namespace. Refusals are `kernel-refused` errors. */
export class Neighbours {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** EEXIST when the link knows that address already. */
  add(neighbour: Neighbour, linkIndex: number): void {
    const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    this.#channel.exchange(neighbourRequest(RTM_NEWNEIGH, flags, 'add', neighbour, linkIndex));
  }

  replace(neighbour: Neighbour, linkIndex: number): void {
    const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    this.#channel.exchange(neighbourRequest(RTM_NEWNEIGH, flags, 'replace', neighbour, linkIndex));
  }

  /** ENOENT when there is none. */
  delete(neighbour: Neighbour, linkIndex: number): void {
    this.#channel.exchange(
      neighbourRequest(RTM_DELNEIGH, NLM_F_ACK, 'delete', neighbour, linkIndex),
    );
  }

  /** The permanent entries of a link, by a dump off the JavaScript thread. */
  list(linkIndex: number, linkName: string): Promise<Neighbour[]> {
    const request = {
      type: RTM_GETNEIGH,
      flags: 0,
      // Strict checking wants everything but the family to be zero.
      payload: encodeNeighbourMessage(
        { family: AF_INET, linkIndex: 0, state: 0, flags: 0, type: 0, otherAttributes: [] },
        HOST_ORDER,
      ),
      operation: 'list',
      object: () => `neighbours of ${linkName}`,
    };
    return this.#channel.list(request, (payload) => {
      const entry = decodeNeighbourMessage(payload, HOST_ORDER);
      return entry.linkIndex === linkIndex ? neighbourFromMessage(entry, linkName) : undefined;
    });
  }
}

const neighbourRequest = (
  type: number,
  flags: number,
  verb: string,
  neighbour: Neighbour,
  linkIndex: number,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeNeighbourMessage(neighbourMessage(neighbour, linkIndex), HOST_ORDER),
  operation: `${verb} neighbour`,
  object: () => neighbourText(neighbour),
});
