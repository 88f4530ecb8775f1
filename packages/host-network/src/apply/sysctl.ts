import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { DesiredSysctl, SysctlValue } from '../desired/network-description.ts';
import { HostNetworkError } from '../host-network-error.ts';
import { systemErrorCode, systemErrorText } from '../native/errno.ts';

// Synchronous on purpose: /proc/sys/net shows the namespace of the thread that opens the file, and a thread
// of libuv's pool may be in another.

/** The content of a file below /proc/sys, or undefined when there is no such file. */
export function readSysctl(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return undefined;
    throw sysctlRefused('read', { key, value: '' }, cause);
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
    throw sysctlRefused('write', { key, value }, cause);
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

const MOUNT_IT = "mount the host's /proc/sys/net at /host/proc/sys/net, or run privileged";

const remedies: Readonly<Record<string, string>> = {
  EROFS: MOUNT_IT,
  EACCES: MOUNT_IT,
  EPERM: 'NET_ADMIN is needed in the namespace',
};

function sysctlRefused(
  operation: 'read' | 'write',
  { key, value }: SysctlValue,
  cause: unknown,
): HostNetworkError {
  const object = `/proc/sys/${key}`;
  const errno = systemErrorCode(cause) ?? 'failed';
  const reason = systemErrorText(cause);
  const remedy = remedies[errno];
  const what = operation === 'read' ? `reading ${object}` : `writing ${value} to ${object}`;
  const hint = remedy === undefined ? '' : `; ${remedy}`;
  return new HostNetworkError('sysctl-refused', `${what}: ${errno}, ${reason}${hint}`, {
    cause,
    facts: { operation, object, value, errno, reason, ...(remedy === undefined ? {} : { remedy }) },
  });
}
