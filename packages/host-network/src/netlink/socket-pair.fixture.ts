import { closeSync, readSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { HOST_ORDER } from './host-order.ts';
import {
  decodeMessages,
  encodeMessages,
  type Message,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './message.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const socketpair = koffi.load(null).func('int socketpair(int, int, int, _Out_ int *)');

/** A pair of datagram sockets: a netlink socket is opened on one, the test plays the kernel on the other. */
export interface SocketPair {
  readonly fd: number;
  send(...messages: readonly Uint8Array[]): void;
  /** The first message of a write. */
  receive(): Message;
  /** All messages of a write. */
  receiveAll(): readonly Message[];
  /** Closes the kernel's end. */
  close(): void;
}

export function openSocketPair(): SocketPair {
  const fds = [-1, -1];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) !== 0) throw new Error('no pair of sockets');
  const [fd = -1, kernel = -1] = fds;
  const receiveAll = () => {
    const buffer = Buffer.alloc(4096);
    const length = readSync(kernel, buffer);
    return [...decodeMessages(buffer.subarray(0, length), HOST_ORDER)];
  };
  return {
    fd,
    send: (...messages) => {
      writeSync(kernel, Buffer.concat(messages));
    },
    receive: () => {
      const [message] = receiveAll();
      if (message === undefined) throw new TypeError('nothing was sent');
      return message;
    },
    receiveAll,
    close: () => closeSync(kernel),
  };
}

export const reply = (type: number, sequence: number, payload: Uint8Array, flags = 0) =>
  encodeMessages([{ type, flags, sequence, portId: 0, payload }], HOST_ORDER);

/** The end of a dump. */
export const done = (sequence: number, flags = 0) =>
  reply(NLMSG_DONE, sequence, new Uint8Array(4), flags);

/** An acknowledgement, or with a negative errno a refusal. */
export function acknowledge(sequence: number, error = 0): Uint8Array {
  const payload = new Uint8Array(20);
  payload.set(new Uint8Array(Int32Array.of(error).buffer));
  return reply(NLMSG_ERROR, sequence, payload);
}
