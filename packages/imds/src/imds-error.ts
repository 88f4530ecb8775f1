/**
 * Why the metadata service did not say what was asked.
 *
 * - `unreachable`: no usable answer came (refused, timed out, failing), after all retries.
 * - `not-found`: it does not know the path.
 * - `unauthorized`: it refuses to talk to this process; metadata may be turned off for the instance.
 * - `malformed`: it answered something that cannot be right.
 */
export type ImdsErrorCode = 'unreachable' | 'not-found' | 'unauthorized' | 'malformed';

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
