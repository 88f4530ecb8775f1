import { inNetns } from '../netns/in-netns.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { type NetlinkSocket, openRouteSocket } from './netlink-socket.ts';

/** Two sockets of one namespace: one for short requests, one, opened when first needed, for what may block. */
export interface Channel {
  /** A request that takes microseconds, answered before the call returns. */
  exchange(request: NetlinkRequest): Uint8Array;
  /** A request the kernel may take its time for; it runs off the JavaScript thread. */
  exchangeAsync(request: NetlinkRequest): Promise<Uint8Array>;
  /** All entries of a kernel table, read off the JavaScript thread. */
  list<T>(request: NetlinkRequest, read: (payload: Uint8Array) => T | undefined): Promise<T[]>;
  close(): void;
}

/**
 * Opens a channel to the calling thread's network namespace, or to the one at `netnsPath`.
 *
 * The path must stay valid until the first asynchronous request; a channel without path opens both
 * sockets at once, so it keeps its namespace whatever the thread does later.
 */
export function openChannel(netnsPath: string | undefined): Channel {
  const open = () =>
    netnsPath === undefined ? openRouteSocket() : inNetns(netnsPath, openRouteSocket);
  const direct = open();
  let background: NetlinkSocket | undefined = netnsPath === undefined ? open() : undefined;
  const ensureBackground = () => {
    background ??= open();
    return background;
  };
  return {
    exchange: (request) => direct.exchange(request),
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
