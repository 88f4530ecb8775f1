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
  /** What to do about an errno, beside what {@link commonRemedies} know. */
  readonly remedies?: Remedies;
}

type Remedies = Readonly<Record<string, string>>;

const commonRemedies: Remedies = {
  EPERM: 'NET_ADMIN is needed in the namespace',
  ENOBUFS: 'the socket’s receive buffer overflowed; net.core.rmem_max bounds it',
};

/** @throws {HostNetworkError} `kernel-refused` unless the kernel acknowledges success. */
export function requireSuccess({ errno, reason }: Acknowledgement, request: NetlinkRequest): void {
  if (errno !== 0) throw refused(errnoName(errno), request, reason, reason || errnoText(errno));
}

/** What `fs` says about a socket, in this package's words; errors of ours stay as they are. */
export function translateIoError(cause: unknown, request: NetlinkRequest): unknown {
  const errno = systemErrorCode(cause);
  if (errno === undefined || cause instanceof HostNetworkError) return cause;
  return refused(errno, request, '', 'on the socket', { cause });
}

type Refusal = Pick<NetlinkRequest, 'operation' | 'object' | 'remedies'>;

/** @param reason the kernel's own words, empty when it gave none; `words` stand for them in the message. */
export function refused(
  errno: string,
  { operation, object, remedies }: Refusal,
  reason: string,
  words: string,
  options: ErrorOptions = {},
): HostNetworkError {
  const remedy = remedies?.[errno] ?? commonRemedies[errno];
  const hint = remedy === undefined ? '' : `; ${remedy}`;
  return new HostNetworkError(
    'kernel-refused',
    `${operation} ${object()}: ${errno}, ${words}${hint}`,
    {
      ...options,
      facts: {
        errno,
        operation,
        object: object(),
        reason,
        ...(remedy === undefined ? {} : { remedy }),
      },
    },
  );
}
