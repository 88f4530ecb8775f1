import { closeSync } from 'node:fs';
import { errnoName, errnoText } from '../native/errno.ts';
import { bind, lastErrno, setsockopt, socket } from '../native/libc.ts';
import { HOST_ORDER } from './host-order.ts';
import { refused } from './netlink-request.ts';

// <linux/socket.h>, <asm/socket.h>, <linux/netlink.h>
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;

/** The kernel's subsystems we talk to: routing (rtnetlink) and connection tracking. */
const protocols = { NETLINK_ROUTE: 0, NETLINK_NETFILTER: 12 } as const;

export interface SocketOptions {
  readonly protocol: keyof typeof protocols;
  /** Multicast groups to join, one bit each. Default: none. */
  readonly groups?: number;
  /** Default: the kernel's, some 200 KiB. */
  readonly receiveBufferBytes?: number;
  /** After this a read without message fails with EAGAIN. Default: it waits for ever. */
  readonly readTimeoutMs?: number;
}

/**
 * Opens a netlink socket in the calling thread's network namespace, where it stays.
 *
 * @returns its file descriptor.
 * @throws {HostNetworkError} `kernel-refused`
 */
export function openSocket(options: SocketOptions): number {
  const { protocol, groups = 0, receiveBufferBytes, readTimeoutMs } = options;
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocols[protocol]);
  if (fd < 0) throw socketRefused('open', protocol);
  for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
    // All three are older than the oldest kernel Node.js runs on here; without them only texts get poorer.
    setsockopt(fd, SOL_NETLINK, option, u32(1), 4);
  }
  if (receiveBufferBytes !== undefined) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, u32(receiveBufferBytes), 4);
  }
  if (readTimeoutMs !== undefined) {
    const timeout = timeval(readTimeoutMs);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
  }
  // One that is not bound is, by the kernel, when it is first written to.
  if (groups !== 0) joinGroups(fd, protocol, groups);
  return fd;
}

function joinGroups(fd: number, protocol: SocketOptions['protocol'], groups: number): void {
  const address = socketAddress(groups);
  if (bind(fd, address, address.length) === 0) return;
  const error = socketRefused('bind', protocol);
  closeSync(fd);
  throw error;
}

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

// struct timeval of 64-bit systems: seconds, microseconds
const timeval = (ms: number) =>
  new Uint8Array(
    BigInt64Array.of(BigInt(Math.floor(ms / 1000)), BigInt((ms % 1000) * 1000)).buffer,
  );

// struct sockaddr_nl, <linux/netlink.h>: u16 family, u16 padding, u32 port (0: the kernel picks one), u32 groups
function socketAddress(groups: number): Uint8Array {
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_NETLINK, HOST_ORDER === 'little');
  view.setUint32(8, groups, HOST_ORDER === 'little');
  return address;
}

function socketRefused(verb: string, protocol: SocketOptions['protocol']) {
  const errno = lastErrno();
  return refused(
    errnoName(errno),
    {
      operation: `${verb} netlink socket`,
      object: () => protocol,
      remedies: {
        EPROTONOSUPPORT: 'this kernel has no such subsystem',
        EMFILE: 'raise the limit of open files',
      },
    },
    errnoText(errno),
  );
}
