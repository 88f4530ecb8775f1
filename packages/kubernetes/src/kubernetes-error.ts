/**
 * Why the API server did not do what was asked.
 *
 * - `unreachable`: no connection, or one that broke.
 * - `overdue`: no complete answer in time.
 * - `unauthorized`: it does not know who asks.
 * - `forbidden`: whoever asks may not; the message names the missing rule.
 * - `not-found`: there is no such object, or no such kind of object.
 * - `conflict`: somebody else changed the object first, or it is another one of the same name.
 * - `gone`: changes from that version on are forgotten; the list has to be read again.
 * - `throttled`: it has too much to do.
 * - `unavailable`: it, or what is behind it, fails.
 * - `refused`: it says that the request makes no sense.
 * - `malformed`: it answered something that cannot be right.
 */
export type KubernetesErrorCode =
  | 'unreachable'
  | 'overdue'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'gone'
  | 'throttled'
  | 'unavailable'
  | 'refused'
  | 'malformed';

const brand = Symbol.for('@vpc-cni/kubernetes/error');

/** What every call rejects with, unless the caller's own signal ended it. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly [brand] = true;
  readonly code: KubernetesErrorCode;
  /** At least `verb` and `resource`; where there are some also `object`, `status` and `reason`. */
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: KubernetesErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: Readonly<Record<string, string | number>> },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts;
  }
}

/** Whether a caught value is a {@link KubernetesError}, of this or another installed copy. */
export const isKubernetesError = (value: unknown): value is KubernetesError =>
  typeof value === 'object' && value !== null && brand in value;
