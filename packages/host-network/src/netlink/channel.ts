import { inNetns } from '../netns/in-netns.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { NetlinkSocket, type RequestObserver } from './netlink-socket.ts';
import { openSocket } from './open-socket.ts';

/** Two sockets of one namespace: one for short requests, one, opened when first needed, for what may block. */
export interface Channel {
  /** A request that takes microseconds, answered before the call returns. */
  exchange(request: NetlinkRequest): Uint8Array;
  /** The same; undefined when the kernel refuses with one of the expected errnos. */
  attempt(request: NetlinkRequest, ...expected: readonly string[]): Uint8Array | undefined;
  /** A request the kernel may take its time for; it runs off the JavaScript thread. */
  exchangeAsync(request: NetlinkRequest): Promise<Uint8Array>;
  /** All entries of a kernel table, read off the JavaScript thread. */
  list<T>(request: NetlinkRequest, read: (payload: Uint8Array) => T | undefined): Promise<T[]>;
  close(): void;
}

export interface ChannelOptions {
  /** Default: the calling thread's namespace. */
  readonly netnsPath?: string;
  /** Called with every request, for counting. */
  readonly observe?: RequestObserver;
}

/**
 * Opens a channel to the calling thread's network namespace, or to the one at `netnsPath`.
 *
 * The path must stay valid until the first asynchronous request; a channel without path opens both
 * sockets at once, so it keeps its namespace whatever the thread does later.
 */
export function openChannel({ netnsPath, observe }: ChannelOptions): Channel {
  const openHere = () => openSocket({ protocol: 'NETLINK_ROUTE' });
  const open = () =>
    new NetlinkSocket(netnsPath === undefined ? openHere() : inNetns(netnsPath, openHere), observe);
  const direct = open();
  let background: NetlinkSocket | undefined = netnsPath === undefined ? open() : undefined;
  const ensureBackground = () => {
    background ??= open();
    return background;
  };
  return {
    exchange: (request) => direct.exchange(request),
    attempt: (request, ...expected) => direct.attempt(request, ...expected),
    exchangeAsync: async (request) => ensureBackground().exchangeAsync(request),
    list: async (request, read) => {
      let found: NonNullable<ReturnType<typeof read>>[] = [];
      await ensureBackground().dump(
        request,
        (payload) => {
          const entry = read(payload);
          if (entry !== undefined && entry !== null) found.push(entry);
        },
        () => {
          found = [];
        },
      );
      return found;
    },
    close: () => {
      direct.close();
      background?.close();
    },
  };
}
