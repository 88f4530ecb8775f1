import { closeSync, openSync } from 'node:fs';
import { HostNetworkError } from '../host-network-error.ts';
import { errnoName } from '../native/errno.ts';
import { CLONE_NEWNET, lastErrno, setns, unshare } from '../native/libc.ts';
import { openNetlink } from '../netlink/netlink.ts';
import { OWN_NETNS } from './in-netns.ts';

/**
 * Moves the calling thread into a fresh network namespace, so that a test process can be "the host".
 *
 * Sockets opened and child processes started afterwards by this thread live there, and so do its
 * synchronous reads and writes below /proc/sys/net. Other threads of the process stay where they are:
 * asynchronous `fs` calls on /proc/sys/net are answered from the old namespace once libuv's pool has
 * started. The new namespace holds `lo`, up, and nothing else; it ends with its last socket and process.
 *
 * @returns `leave()`: brings the thread back to where it was. Calling it again does nothing.
 * @throws {HostNetworkError} `kernel-refused` when namespaces may not be created (needs SYS_ADMIN).
 */
export function enterNewNetns(): () => void {
  const home = openSync(OWN_NETNS, 'r');
  if (unshare(CLONE_NEWNET) !== 0) {
    const errno = errnoName(lastErrno());
    closeSync(home);
    throw new HostNetworkError(
      'kernel-refused',
      `creating a network namespace: ${errno}; SYS_ADMIN is needed`,
      { facts: { errno, operation: 'create', object: 'network namespace', reason: '' } },
    );
  }
  const netlink = openNetlink();
  netlink.links.change({ name: 'lo' }, { isUp: true });
  netlink.close();

  let isHome = false;
  return () => {
    if (isHome) return;
    if (setns(home, CLONE_NEWNET) !== 0) process.abort();
    closeSync(home);
    isHome = true;
  };
}
