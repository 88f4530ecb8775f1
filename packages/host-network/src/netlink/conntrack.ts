import { isErrno } from '../host-network-error.ts';
import { canonicalAddress, type IpAddress, ipBytes, ipFamily, ipText } from '../ip.ts';
import { inNetns } from '../netns/in-netns.ts';
import type { ChannelOptions } from './channel.ts';
import {
  type ConntrackMessage,
  type ConntrackTuple,
  CTA_FILTER_F_CTA_IP_DST,
  CTA_FILTER_F_CTA_IP_SRC,
  decodeConntrackMessage,
  encodeConntrackMessage,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
  identityOf,
} from './conntrack-message.ts';
import { familyNumber } from './family.ts';
import { HOST_ORDER } from './host-order.ts';
import { NLM_F_ACK } from './message.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { LOST_ANSWER_MS, NetlinkSocket } from './netlink-socket.ts';
import { openSocket } from './open-socket.ts';

/**
 * From how many addresses on the whole table is read instead of being searched for each: a search costs
 * four walks of the table in the kernel, reading it four to nine times as much, whatever its size.
 */
const WHOLE_TABLE_FROM = 8;

/**
 * How flows are found: by a deletion that the kernel filters (Linux 6.12 and later), by dumps, or not at
 * all, where the kernel tracks no connections.
 */
export type ConntrackMethod = 'filtered-deletion' | 'dump' | 'none';

/** The tracked connections of one network namespace. All work is off the JavaScript thread. */
export interface Conntrack {
  /**
   * Forgets every flow that has one of these addresses at either end, in either direction: what NAT made of
   * it counts, too.
   *
   * Without connection tracking there is nothing to forget.
   */
  forget(addresses: readonly IpAddress[]): Promise<void>;
  close(): void;
}

/** Opens the connection tracking of the calling thread's namespace, or of the one at `netnsPath`. */
export function openConntrack({ netnsPath, observe }: ChannelOptions = {}): Conntrack {
  const open = () => openSocket({ protocol: 'NETLINK_NETFILTER', readTimeoutMs: LOST_ANSWER_MS });
  try {
    const fd = netnsPath === undefined ? open() : inNetns(netnsPath, open);
    return new ConntrackOnSocket(new NetlinkSocket(fd, observe));
  } catch (error) {
    if (isErrno(error, 'EPROTONOSUPPORT')) return { forget: async () => {}, close: () => {} };
    throw error;
  }
}

/** @internal */
export class ConntrackOnSocket implements Conntrack {
  readonly #socket: NetlinkSocket;
  #method: ConntrackMethod;

  /** @param method the quickest to try: slower ones follow by themselves. */
  constructor(socket: NetlinkSocket, method: ConntrackMethod = 'filtered-deletion') {
    this.#socket = socket;
    this.#method = method;
  }

  async forget(addresses: readonly IpAddress[]): Promise<void> {
    if (this.#method === 'filtered-deletion' && addresses.length < WHOLE_TABLE_FROM) {
      if (await this.#deleteFiltered(addresses)) return;
      this.#method = 'dump';
    }
    if (this.#method === 'none') return;
    if (!(await this.#deleteListed(addresses))) this.#method = 'none';
  }

  close(): void {
    this.#socket.close();
  }

  /** @returns false when this kernel cannot. It has then deleted nothing. */
  async #deleteFiltered(addresses: readonly IpAddress[]): Promise<boolean> {
    const requests = addresses.flatMap((address) =>
      filtersOf(address).map((filter) => deletion(filter, `flows of ${address}`)),
    );
    const done = await this.#socket.attemptAllAsync(requests, 'EINVAL', 'ENOTSUP');
    return done.every((isDone) => isDone);
  }

  /** @returns false when there is no connection tracking. */
  async #deleteListed(addresses: readonly IpAddress[]): Promise<boolean> {
    const wanted = new Set<string>(addresses.map(canonicalAddress));
    const dumps =
      addresses.length < WHOLE_TABLE_FROM
        ? addresses.flatMap(filtersOf)
        : [...new Set(addresses.map(ipFamily))].map(wholeTable);
    const deletions: NetlinkRequest[] = [];
    try {
      for (const dump of dumps) deletions.push(...(await this.#listDeletions(dump, wanted)));
    } catch (error) {
      if (isErrno(error, 'EINVAL')) return false;
      throw error;
    }
    // ENOENT: it ended meanwhile, or two dumps found it. EBUSY: it is in the hands of a network card.
    await this.#socket.attemptAllAsync(deletions, 'ENOENT', 'EBUSY');
    return true;
  }

  async #listDeletions(
    dump: ConntrackMessage,
    wanted: ReadonlySet<string>,
  ): Promise<readonly NetlinkRequest[]> {
    let deletions: NetlinkRequest[] = [];
    await this.#socket.dump(
      request(IPCTNL_MSG_CT_GET, 0, 'list', dump, 'flows'),
      (payload) => {
        const flow = decodeConntrackMessage(payload, HOST_ORDER);
        // Kernels before 5.8 do not filter.
        if (addressesOf(flow).some((address) => wanted.has(address))) {
          deletions.push(deletion(identityOf(flow), 'a flow'));
        }
      },
      () => {
        deletions = [];
      },
    );
    return deletions;
  }
}

/** Four, because a filter's parts must all match, and any end of either direction may be the address. */
function filtersOf(address: IpAddress): readonly ConntrackMessage[] {
  const bytes = ipBytes(address);
  const common = { family: familyNumber(ipFamily(address)), otherAttributes: [] };
  const source = { source: bytes, otherAttributes: [] };
  const destination = { destination: bytes, otherAttributes: [] };
  const SRC = CTA_FILTER_F_CTA_IP_SRC;
  const DST = CTA_FILTER_F_CTA_IP_DST;
  return [
    { ...common, original: source, filter: { originalFlags: SRC, replyFlags: 0 } },
    { ...common, original: destination, filter: { originalFlags: DST, replyFlags: 0 } },
    { ...common, reply: source, filter: { originalFlags: 0, replyFlags: SRC } },
    { ...common, reply: destination, filter: { originalFlags: 0, replyFlags: DST } },
  ];
}

const wholeTable = (family: ReturnType<typeof ipFamily>): ConntrackMessage => ({
  family: familyNumber(family),
  otherAttributes: [],
});

const addressesOf = ({ original, reply }: ConntrackMessage): readonly IpAddress[] =>
  [original, reply].flatMap((tuple) => (tuple === undefined ? [] : endsOf(tuple)));

const endsOf = ({ source, destination }: ConntrackTuple): readonly IpAddress[] =>
  [source, destination].flatMap((bytes) => (bytes === undefined ? [] : [ipText(bytes)]));

// Always with a tuple: a deletion without one, on a kernel that does not know filters, deletes all flows.
const deletion = (message: ConntrackMessage, object: string): NetlinkRequest =>
  request(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, 'delete', message, object);

const request = (
  type: number,
  flags: number,
  operation: string,
  message: ConntrackMessage,
  object: string,
): NetlinkRequest => ({
  type,
  flags,
  payload: encodeConntrackMessage(message, HOST_ORDER),
  operation,
  object: () => object,
});
