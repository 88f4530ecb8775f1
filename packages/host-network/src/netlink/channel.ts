import { inNetns } from '../netns/in-netns.ts';
import {
  type LinkEvent,
  type LinkWatch,
  RTMGRP_LINK,
  startLinkWatch,
  WATCH_READ_MS,
} from './link-watch.ts';
import type { NetlinkRequest } from './netlink-request.ts';
import { LOST_ANSWER_MS, NetlinkSocket, type RequestObserver } from './netlink-socket.ts';
import { openSocket, type SocketOptions } from './open-socket.ts';

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
  /** Tells of links that appear, change and vanish from now on, until it is closed. */
  watchLinks(onEvent: (event: LinkEvent) => void, options?: WatchOptions): LinkWatch;
  /** Closes the sockets of requests, after any request still queued. */
  close(): void;
}

export interface WatchOptions {
  /** What the kernel may hold for us before it drops events and we say `resync`. Default: some 200 KiB. */
  readonly receiveBufferBytes?: number;
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
 * The path must stay valid until the first asynchronous request, and for watching; a channel without path opens both
 * sockets at once, so it keeps its namespace whatever the thread does later.
 */
export function openChannel({ netnsPath, observe }: ChannelOptions): Channel {
  const openFd = (options: Omit<SocketOptions, 'protocol'> = {}) => {
    const openHere = () =>
      openSocket({ protocol: 'NETLINK_ROUTE', readTimeoutMs: LOST_ANSWER_MS, ...options });
    return netnsPath === undefined ? openHere() : inNetns(netnsPath, openHere);
  };
  const open = () => new NetlinkSocket(openFd(), observe);
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
    watchLinks: (onEvent, options = {}) => {
      const fd = openFd({ groups: RTMGRP_LINK, readTimeoutMs: WATCH_READ_MS, ...options });
      return startLinkWatch(fd, onEvent);
    },
    close: () => {
      direct.close();
      background?.close();
    },
  };
}
