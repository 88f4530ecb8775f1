import { closeSync, openSync, writeSync } from 'node:fs';
import type { DesiredSysctl } from '../desired/network-description.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode } from '../native/errno.ts';

/**
 * Writes a file below /proc/sys, in the network namespace of the calling thread.
 *
 * Synchronous on purpose: a thread of libuv's pool may be in another namespace.
 *
 * @throws {HostNetworkError} `sysctl-refused`, unless the file does not exist and may be missing.
 */
export function writeSysctl({ key, value, isOptional }: DesiredSysctl): void {
  try {
    const fd = openSync(`/proc/sys/${key}`, 'w');
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const errno = systemErrorCode(cause) ?? 'failed';
    if (errno === 'ENOENT' && isOptional) return;
    throw new HostNetworkError('sysctl-refused', `writing ${value} to /proc/sys/${key}: ${errno}`, {
      cause,
      facts: { key, value, errno },
    });
  }
}
