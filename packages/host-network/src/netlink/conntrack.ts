import { isErrno } from '../host-network-error.ts';
import { canonicalAddress, type IpAddress, ipBytes, ipFamily, ipText } from '../ip.ts';
import { inNetns } from '../netns/in-netns.ts';
import type { ChannelOptions } from './channel.ts';
import {
  type ConntrackMessage,
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
 * From how many searches on the whole table is read instead: a search is one walk of the table in the kernel,
 * reading it costs as much as 16 to 36 of them, the less the fuller it is.
 */
const SEARCHES_BEYOND_READING = 32;

/** Where in a flow an address may stand. */
interface Place {
  readonly direction: 'original' | 'reply';
  readonly end: 'source' | 'destination';
}

const everywhere: readonly Place[] = [
  { direction: 'original', end: 'source' },
  { direction: 'original', end: 'destination' },
  { direction: 'reply', end: 'source' },
  { direction: 'reply', end: 'destination' },
];

/** Whoever answers is where the flow leads to, also when it was sent to the address of a service. */
const whoAnswers: readonly Place[] = [{ direction: 'reply', end: 'source' }];

/**
 * How flows are found: by a deletion that the kernel filters (Linux 6.12 and later), by dumps, or not at
 * all, where the kernel tracks no connections.
 */
export type ConntrackMethod = 'filtered-deletion' | 'dump' | 'none';

/** The tracked connections of one network namespace. All work is off the JavaScript thread. */
export interface Conntrack {
  /**
   * Forgets every flow that has one of these addresses at either end, in either direction: what NAT made of
   * it counts, too. Where the kernel tracks no connections there is nothing to forget.
   */
  forget(addresses: readonly IpAddress[]): Promise<void>;
  /** Forgets only the flows that lead to these addresses, also by NAT: a quarter of the work. */
  forgetFlowsTo(addresses: readonly IpAddress[]): Promise<void>;
  close(): void;
}

/** Opens the connection tracking of the calling thread's namespace, or of the one at `netnsPath`. */
export function openConntrack({ netnsPath, observe }: ChannelOptions = {}): Conntrack {
  const open = () => openSocket({ protocol: 'NETLINK_NETFILTER', readTimeoutMs: LOST_ANSWER_MS });
  try {
    const fd = netnsPath === undefined ? open() : inNetns(netnsPath, open);
    return new ConntrackOnSocket(new NetlinkSocket(fd, observe));
  } catch (error) {
    if (isErrno(error, 'EPROTONOSUPPORT')) return nothingTracked;
    throw error;
  }
}

const nothingTracked: Conntrack = {
  forget: async () => {},
  forgetFlowsTo: async () => {},
  close: () => {},
};

/** @internal */
export class ConntrackOnSocket implements Conntrack {
  readonly #socket: NetlinkSocket;
  #method: ConntrackMethod;

  /** @param method the quickest to try: slower ones follow by themselves. */
  constructor(socket: NetlinkSocket, method: ConntrackMethod = 'filtered-deletion') {
    this.#socket = socket;
    this.#method = method;
  }

  forget(addresses: readonly IpAddress[]): Promise<void> {
    return this.#forget(addresses, everywhere);
  }

  forgetFlowsTo(addresses: readonly IpAddress[]): Promise<void> {
    return this.#forget(addresses, whoAnswers);
  }

  close(): void {
    this.#socket.close();
  }

  async #forget(addresses: readonly IpAddress[], places: readonly Place[]): Promise<void> {
    const isCrowd = addresses.length * places.length >= SEARCHES_BEYOND_READING;
    if (this.#method === 'filtered-deletion' && !isCrowd) {
      if (await this.#deleteFiltered(addresses, places)) return;
      this.#method = 'dump';
    }
    if (this.#method === 'none') return;
    const filters = isCrowd ? wholeTables(addresses) : filtersOf(addresses, places);
    if (!(await this.#deleteListed(filters, addresses, places))) this.#method = 'none';
  }

  /** @returns false when this kernel cannot. It has then deleted nothing. */
  async #deleteFiltered(
    addresses: readonly IpAddress[],
    places: readonly Place[],
  ): Promise<boolean> {
    const requests = addresses.flatMap((address) =>
      filtersOf([address], places).map((filter) => deletion(filter, address)),
    );
    const done = await this.#socket.attemptAllAsync(requests, 'EINVAL', 'ENOTSUP');
    return done.every((isDone) => isDone);
  }

  /** @returns false when there is no connection tracking. */
  async #deleteListed(
    filters: readonly ConntrackMessage[],
    addresses: readonly IpAddress[],
    places: readonly Place[],
  ): Promise<boolean> {
    const wanted = new Set<string>(addresses.map(canonicalAddress));
    // Looked at again, because kernels before 5.8 do not filter.
    const wantedOf = (flow: ConntrackMessage) =>
      places.map((place) => addressAt(flow, place)).find((address) => wanted.has(address));
    const deletions: NetlinkRequest[] = [];
    try {
      for (const filter of filters) {
        deletions.push(...(await this.#listDeletions(filter, wantedOf)));
      }
    } catch (error) {
      if (isErrno(error, 'EINVAL')) return false;
      throw error;
    }
    // ENOENT: it ended meanwhile, or two dumps found it. EBUSY: it is in the hands of a network card.
    await this.#socket.attemptAllAsync(deletions, 'ENOENT', 'EBUSY');
    return true;
  }

  async #listDeletions(
    filter: ConntrackMessage,
    wantedOf: (flow: ConntrackMessage) => string | undefined,
  ): Promise<readonly NetlinkRequest[]> {
    let deletions: NetlinkRequest[] = [];
    await this.#socket.dump(
      request(IPCTNL_MSG_CT_GET, 0, 'list', filter, 'flows'),
      (payload) => {
        const flow = decodeConntrackMessage(payload, HOST_ORDER);
        const address = wantedOf(flow);
        if (address !== undefined) deletions.push(deletion(identityOf(flow), address));
      },
      () => {
        deletions = [];
      },
    );
    return deletions;
  }
}

/** One for each place, because all that a filter names must match. */
const filtersOf = (
  addresses: readonly IpAddress[],
  places: readonly Place[],
): readonly ConntrackMessage[] =>
  addresses.flatMap((address) => places.map((place) => filterOf(address, place)));

function filterOf(address: IpAddress, { direction, end }: Place): ConntrackMessage {
  const flag = end === 'source' ? CTA_FILTER_F_CTA_IP_SRC : CTA_FILTER_F_CTA_IP_DST;
  return {
    family: familyNumber(ipFamily(address)),
    [direction]: { [end]: ipBytes(address), otherAttributes: [] },
    filter: {
      originalFlags: direction === 'original' ? flag : 0,
      replyFlags: direction === 'reply' ? flag : 0,
    },
    otherAttributes: [],
  };
}

/** For each family there is an address of. */
const wholeTables = (addresses: readonly IpAddress[]): readonly ConntrackMessage[] =>
  [...new Set(addresses.map(ipFamily))].map((family) => ({
    family: familyNumber(family),
    otherAttributes: [],
  }));

function addressAt(flow: ConntrackMessage, { direction, end }: Place): string {
  const bytes = flow[direction]?.[end];
  return bytes === undefined ? '' : ipText(bytes);
}

// Always with a tuple: a deletion without one, on a kernel that does not know filters, deletes all flows.
const deletion = (message: ConntrackMessage, object: string): NetlinkRequest =>
  request(IPCTNL_MSG_CT_DELETE, NLM_F_ACK, 'delete flows of', message, object);

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
