import { closeSync } from 'node:fs';
import { LOST_ANSWER_MS, NetlinkSocket } from '../netlink/netlink-socket.ts';
import { openSocket } from '../netlink/open-socket.ts';
import { inOpenNetns, openNetns } from '../netns/in-netns.ts';
import type { HostContext } from './host-context.ts';

/** A pod's network namespace while its wiring is made. */
export interface PodNetns {
  /** File descriptor of the namespace. */
  readonly fd: number;
  readonly socket: NetlinkSocket;
  /** Runs `fn`, which must be synchronous, inside. */
  run<T>(fn: () => T): T;
  close(): void;
}

/** @throws {HostNetworkError} `netns-not-found`, `kernel-refused` */
export function openPodNetns(
  path: string,
  { hostNetnsFd, observe }: Pick<HostContext, 'hostNetnsFd' | 'observe'>,
): PodNetns {
  const fd = openNetns(path);
  const run = <T>(fn: () => T) => inOpenNetns({ fd, path }, hostNetnsFd, fn);
  try {
    const open = () => openSocket({ protocol: 'NETLINK_ROUTE', readTimeoutMs: LOST_ANSWER_MS });
    const socket = new NetlinkSocket(run(open), observe);
    return {
      fd,
      socket,
      run,
      close: () => {
        socket.close();
        closeSync(fd);
      },
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
