import { HostNetworkError } from '../host-network-error.ts';
import { errnoName, errnoText, systemErrorCode } from '../native/errno.ts';
import type { Acknowledgement } from './acknowledgement.ts';

/** A request to the kernel, and the words an error about it is made of. */
export interface NetlinkRequest {
  readonly type: number;
  /** Beside NLM_F_REQUEST. With NLM_F_ACK the answer is only "done" or an error. */
  readonly flags: number;
  readonly payload: Uint8Array;
  /** For example `add rule`. */
  readonly operation: string;
  /** For example `512: from all to 10.0.40.77 lookup main`; made only when it is needed. */
  readonly object: () => string;
}

/** @throws {HostNetworkError} `kernel-refused` unless the kernel acknowledges success. */
export function requireSuccess(
  { errno, reason }: Acknowledgement,
  { operation, object }: NetlinkRequest,
): void {
  if (errno !== 0) throw refused(errno, operation, object(), reason);
}

export function refused(errno: number, operation: string, object: string, reason: string) {
  const words = reason === '' ? errnoText(errno) : reason;
  const name = errnoName(errno);
  return new HostNetworkError('kernel-refused', `${operation} ${object}: ${name}, ${words}`, {
    facts: { errno: name, operation, object, reason },
  });
}

/** What `fs` says about a socket, in this package's words; errors of ours stay as they are. */
export function translateIoError(cause: unknown, { operation, object }: NetlinkRequest): unknown {
  const errno = systemErrorCode(cause);
  if (errno === undefined || cause instanceof HostNetworkError) return cause;
  return new HostNetworkError(
    'kernel-refused',
    `${operation} ${object()}: ${errno} on the socket`,
    {
      cause,
      facts: { errno, operation, object: object(), reason: '' },
    },
  );
}
