/**
 * Why an EC2 operation on an ENI did not happen.
 *
 * - `eni-limit-reached`: the instance (or the account) holds as many ENIs as it may.
 * - `address-limit-reached`: the ENI holds as many addresses as its instance type allows.
 * - `subnet-exhausted`: the subnet has not enough free addresses.
 * - `no-free-prefix`: the subnet may have free addresses, but no aligned block of 16 is whole.
 * - `throttled`: EC2 asked to slow down; the operation was not carried out.
 * - `not-permitted`: credentials are missing, expired or not allowed to do this.
 * - `eni-not-found`: EC2 does not know the ENI (any more).
 * - `unreachable`: EC2 gave no usable answer; the operation may or may not have been carried out.
 * - `invalid-request`: EC2 refused the request as wrong; repeating it cannot help.
 * - `unexpected`: an answer nobody foresaw; the message has all that is known.
 */
export type EniAllocatorErrorCode =
  | 'eni-limit-reached'
  | 'address-limit-reached'
  | 'subnet-exhausted'
  | 'no-free-prefix'
  | 'throttled'
  | 'not-permitted'
  | 'eni-not-found'
  | 'unreachable'
  | 'invalid-request'
  | 'unexpected';

const brand = Symbol.for('@vpc-cni/eni-allocator/error');

/**
 * What every operation of this package rejects with, unless the caller's own signal ended it.
 *
 * `facts` holds the figures of the message: the operation, ids, and for an answer of EC2 its
 * `awsCode`, `httpStatus` and `requestId`. `cause` is the error it was made from, if any.
 */
export class EniAllocatorError extends Error {
  override readonly name = 'EniAllocatorError';
  readonly [brand] = true;
  readonly code: EniAllocatorErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: EniAllocatorErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: Readonly<Record<string, string | number>> },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts;
  }
}

/** Whether a caught value is an {@link EniAllocatorError}, of this or another installed copy. */
export const isEniAllocatorError = (value: unknown): value is EniAllocatorError =>
  typeof value === 'object' && value !== null && brand in value;
