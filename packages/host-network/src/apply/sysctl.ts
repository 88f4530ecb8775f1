import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { DesiredSysctl } from '../desired/network-description.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode } from '../native/errno.ts';

// Synchronous on purpose: /proc/sys/net shows the namespace of the thread that opens the file, and a thread
// of libuv's pool may be in another.

/** The content of a file below /proc/sys, or undefined when there is no such file. */
export function readSysctl(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return undefined;
    throw sysctlRefused('reading', key, '', cause);
  }
}

/** In a container /proc/sys is read-only; there the host's is mounted here. */
const MOUNTED = '/host/proc/sys';

/**
 * Writes a file below /proc/sys; in a container, below /host/proc/sys.
 *
 * @throws {HostNetworkError} `sysctl-refused`, unless the file does not exist and may be missing.
 */
export function writeSysctl({ key, value, isOptional }: DesiredSysctl): void {
  try {
    writeBelow('/proc/sys', key, value);
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT' && isOptional) return;
    throw sysctlRefused(`writing ${value} to`, key, value, cause);
  }
}

function writeBelow(root: string, key: string, value: string): void {
  try {
    const fd = openSync(`${root}/${key}`, 'w');
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (systemErrorCode(error) !== 'EROFS' || root === MOUNTED || !existsSync(MOUNTED)) throw error;
    writeBelow(MOUNTED, key, value);
  }
}

const REMEDY = "; mount the host's /proc/sys/net at /host/proc/sys/net, or run privileged";

function sysctlRefused(what: string, key: string, value: string, cause: unknown): HostNetworkError {
  const errno = systemErrorCode(cause) ?? 'failed';
  const remedy = errno === 'EROFS' || errno === 'EACCES' ? REMEDY : '';
  return new HostNetworkError('sysctl-refused', `${what} /proc/sys/${key}: ${errno}${remedy}`, {
    cause,
    facts: { key, value, errno },
  });
}
