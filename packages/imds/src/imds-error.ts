/**
 * Why the metadata service did not say what was asked.
 *
 * - `unreachable`: no usable answer came (refused, timed out, failing), after all retries.
 * - `hop-limit`: it answers, but the session token it gives does not reach this process.
 * - `disabled`: it gives no session tokens; metadata is turned off, or this is not EC2.
 * - `unauthorized`: it refuses even a new session token.
 * - `not-found`: it does not know the path.
 * - `malformed`: it answered something that cannot be right.
 */
export type ImdsErrorCode =
  | 'unreachable'
  | 'hop-limit'
  | 'disabled'
  | 'unauthorized'
  | 'not-found'
  | 'malformed';

const brand = Symbol.for('@vpc-cni/imds/error');

/** What every read rejects with, unless the caller's own signal ended it. `facts` has at least `path`. */
export class ImdsError extends Error {
  override readonly name = 'ImdsError';
  readonly [brand] = true;
  readonly code: ImdsErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: ImdsErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: Readonly<Record<string, string | number>> },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts;
  }
}

/** Whether a caught value is an {@link ImdsError}, of this or another installed copy. */
export const isImdsError = (value: unknown): value is ImdsError =>
  typeof value === 'object' && value !== null && brand in value;
