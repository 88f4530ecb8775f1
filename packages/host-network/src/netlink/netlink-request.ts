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
  ENOBUFS: 'the receive buffer overflowed, and answers were lost; ask again',
  EAGAIN: 'the answer was lost; ask again',
};

/**
 * What the kernel answered. A refusal is a value: on a pod's path some are expected, and an `Error` costs
 * more than the request.
 */
export type Answer =
  | { readonly kind: 'done'; readonly payload: Uint8Array }
  | { readonly kind: 'refused'; readonly errno: string; readonly reason: string };

export const acknowledged: Answer = { kind: 'done', payload: new Uint8Array(0) };

export const answerOf = ({ errno, reason }: Acknowledgement): Answer =>
  errno === 0
    ? acknowledged
    : { kind: 'refused', errno: errnoName(errno), reason: reason || errnoText(errno) };

/** @throws {HostNetworkError} `kernel-refused` unless the kernel did what it was asked. */
export function requirePayload(answer: Answer, request: NetlinkRequest): Uint8Array {
  if (answer.kind === 'done') return answer.payload;
  throw refused(answer.errno, request, answer.reason);
}

/** The same, but undefined when it refused with one of the expected errnos. */
export function payloadUnless(
  expected: readonly string[],
  answer: Answer,
  request: NetlinkRequest,
): Uint8Array | undefined {
  const isExpected = answer.kind === 'refused' && expected.includes(answer.errno);
  return isExpected ? undefined : requirePayload(answer, request);
}

/** What `fs` says about a socket, in this package's words; errors of ours stay as they are. */
export function translateIoError(cause: unknown, request: NetlinkRequest): unknown {
  const errno = systemErrorCode(cause);
  if (errno === undefined || cause instanceof HostNetworkError) return cause;
  return refused(errno, request, 'on the socket', { cause });
}

type Refusal = Pick<NetlinkRequest, 'operation' | 'object' | 'remedies'>;

/** @param reason the kernel's own words, or what its errno means. */
export function refused(
  errno: string,
  { operation, object, remedies }: Refusal,
  reason: string,
  options: ErrorOptions = {},
): HostNetworkError {
  const remedy = remedies?.[errno] ?? commonRemedies[errno];
  const hint = remedy === undefined ? '' : `; ${remedy}`;
  return new HostNetworkError(
    'kernel-refused',
    `${operation} ${object()}: ${errno}, ${reason}${hint}`,
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
