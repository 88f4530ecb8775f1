import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { systemErrorCode } from '../native/errno.ts';
import { HOST_ORDER } from './host-order.ts';
import { type Link, linkFromMessage } from './link.ts';
import { decodeLinkMessage, RTM_DELLINK, RTM_NEWLINK } from './link-message.ts';
import { decodeMessages, MESSAGE_CEILING_BYTES, type Message } from './message.ts';

/**
 * What happened to a link. `resync`: the kernel had more to say than the socket could hold, and events
 * are missing; look again at whatever matters.
 */
export type LinkEvent =
  | { readonly kind: 'appeared' | 'changed' | 'vanished'; readonly link: Link }
  | { readonly kind: 'resync' };

export interface LinkWatch {
  /** No event is delivered any more. Calling it again does nothing. */
  close(): void;
  /** Resolves when the socket is closed, some 100 ms after `close()`; rejects when it cannot be read. */
  readonly ended: Promise<void>;
}

/** Multicast group of link events. <linux/rtnetlink.h> */
export const RTMGRP_LINK = 1;

/** How long a read waits: as long as `close()` may take, and as others may have to wait for the thread. */
export const WATCH_READ_MS = 100;

const AF_UNSPEC = 0;
/** `ifi_change` of a link that is new to the namespace; any other value is a change of one that was there. */
const EVERYTHING_CHANGED = 0xffffffff;

const readAsync = promisify(read);

/**
 * Delivers the events of a socket that has joined {@link RTMGRP_LINK} and whose reads end after
 * {@link WATCH_READ_MS}, and owns it from now on. While it is open, a thread of libuv's pool waits in the
 * kernel.
 */
export function startLinkWatch(fd: number, onEvent: (event: LinkEvent) => void): LinkWatch {
  let isOpen = true;
  const deliverAll = async () => {
    const buffer = new Uint8Array(MESSAGE_CEILING_BYTES);
    while (isOpen) {
      for (const event of await readEvents(fd, buffer)) if (isOpen) onEvent(event);
    }
  };
  return {
    close: () => {
      isOpen = false;
    },
    ended: deliverAll().finally(() => closeSync(fd)),
  };
}

async function readEvents(fd: number, buffer: Uint8Array): Promise<readonly LinkEvent[]> {
  try {
    const { bytesRead } = await readAsync(fd, buffer, 0, buffer.length, null);
    return decodeMessages(buffer.subarray(0, bytesRead), HOST_ORDER).flatMap(toEvent);
  } catch (error) {
    const errno = systemErrorCode(error);
    // Nothing came in time; or a signal, as of a child's end.
    if (errno === 'EAGAIN' || errno === 'EINTR') return [];
    if (errno === 'ENOBUFS') return [{ kind: 'resync' }];
    throw error;
  }
}

function toEvent({ type, payload }: Message): readonly LinkEvent[] {
  if (type !== RTM_NEWLINK && type !== RTM_DELLINK) return [];
  const message = decodeLinkMessage(payload, HOST_ORDER);
  // A bridge also tells, in its own family, of links that join and leave it.
  if (message.family !== AF_UNSPEC) return [];
  const link = linkFromMessage(message);
  if (type === RTM_DELLINK) return [{ kind: 'vanished', link }];
  const isNew = message.changeMask === EVERYTHING_CHANGED;
  return [{ kind: isNew ? 'appeared' : 'changed', link }];
}
