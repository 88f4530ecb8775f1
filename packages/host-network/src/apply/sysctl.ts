import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
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

/**
 * Writes a file below /proc/sys.
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
    if (systemErrorCode(cause) === 'ENOENT' && isOptional) return;
    throw sysctlRefused('write', { key, value }, cause);
  }
}

const remedies: Readonly<Record<string, string>> = {
  EROFS: 'mount /proc/sys writable',
  EACCES: 'mount /proc/sys writable',
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
