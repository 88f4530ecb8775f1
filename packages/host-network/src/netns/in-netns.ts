import { closeSync, openSync } from 'node:fs';
import { HostNetworkError } from '../host-network-error.ts';
import { errnoName, systemErrorCode } from '../native/errno.ts';
import { CLONE_NEWNET, lastErrno, setns } from '../native/libc.ts';

/** The network namespace of the calling thread, whatever the process's other threads are in. */
export const OWN_NETNS = '/proc/thread-self/ns/net';

/**
 * Runs `fn` with the calling thread inside another network namespace, and comes back before it returns.
 *
 * Meant for opening a socket: a socket keeps the namespace it was born in. `fn` must be synchronous, so
 * that no other JavaScript ever runs in the foreign namespace. Should the way back be barred, which the
 * kernel has no reason to do, the process aborts rather than go on in the wrong namespace.
 *
 * @param path of the namespace: `/run/netns/…`, `/proc/<pid>/ns/net`.
 * @throws {HostNetworkError} `netns-not-found` when the path does not exist or is no network namespace,
 *   `kernel-refused` when entering it is not permitted (needs SYS_ADMIN).
 * @throws {TypeError} when `fn` returns a promise.
 * @see setns(2)
 */
export function inNetns<T>(path: string, fn: () => T): T {
  const there = openNetns(path);
  try {
    const home = openSync(OWN_NETNS, 'r');
    try {
      return inOpenNetns({ fd: there, path }, home, fn);
    } finally {
      closeSync(home);
    }
  } finally {
    closeSync(there);
  }
}

/**
 * The same where both namespaces are open.
 *
 * @param home file descriptor of the namespace that the calling thread is in.
 */
export function inOpenNetns<T>(
  { fd, path }: { readonly fd: number; readonly path: string },
  home: number,
  fn: () => T,
): T {
  enter(fd, path);
  try {
    return refusePromise(fn());
  } finally {
    if (setns(home, CLONE_NEWNET) !== 0) process.abort();
  }
}

/** Opens a namespace for `setns` or for naming it in a netlink request; the caller closes it. */
export function openNetns(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new HostNetworkError(
      'netns-not-found',
      `opening network namespace ${path}: ${systemErrorCode(cause) ?? 'failed'}; the sandbox is gone or was never there`,
      { cause, facts: { path } },
    );
  }
}

function enter(fd: number, path: string): void {
  if (setns(fd, CLONE_NEWNET) === 0) return;
  const errno = errnoName(lastErrno());
  // A file of another kind: /run/netns/x without its mount, or a plain file.
  if (errno === 'EINVAL') {
    throw new HostNetworkError(
      'netns-not-found',
      `entering ${path}: it is not a network namespace`,
      {
        facts: { path },
      },
    );
  }
  throw new HostNetworkError(
    'kernel-refused',
    `entering network namespace ${path}: ${errno}; SYS_ADMIN is needed`,
    { facts: { errno, operation: 'enter', object: path, reason: '' } },
  );
}

function refusePromise<T>(value: T): T {
  if (value instanceof Promise) {
    value.catch(() => {});
    throw new TypeError(
      'inNetns needs a synchronous function, and was given one that returns a promise',
    );
  }
  return value;
}
