/**
 * What to do about an error, whoever meets it.
 *
 * - `retry`: the same call may work in a moment.
 * - `back-off`: EC2 is asked too often: wait, and ask less often from now on.
 * - `subnet-full`: nothing of the kind is left in this subnet; another one may have it.
 * - `limit`: the ENI, the instance or the account holds all it may.
 * - `permission`: an operator must allow something.
 * - `gone`: what the call was about does not exist any more: forget it.
 * - `bug`: a mistake, here or in the configuration; no repetition helps.
 */
export type ErrorReaction =
  | 'retry'
  | 'back-off'
  | 'subnet-full'
  | 'limit'
  | 'permission'
  | 'gone'
  | 'bug';

/**
 * Why an EC2 operation on an ENI did not happen, and what to do about it.
 *
 * - `unreachable`: EC2 gave no usable answer; the operation may or may not have been carried out.
 * - `busy`: the ENI is just changing; the operation was not carried out.
 * - `throttled`: EC2 asked to slow down; the operation was not carried out.
 * - `subnet-exhausted`: the subnet has not enough free addresses.
 * - `no-free-prefix`: the subnet may have free addresses, but no aligned block of 16 is whole.
 * - `eni-limit-reached`: the instance holds as many ENIs as it may.
 * - `account-limit-reached`: the account holds as many ENIs as it may, in this region.
 * - `address-limit-reached`: the ENI holds as many addresses as its instance type allows.
 * - `not-permitted`: credentials are missing, expired or not allowed to do this.
 * - `eni-not-found`: EC2 does not know the ENI or its attachment (any more).
 * - `instance-not-found`: the instance does not exist any more, or is on its way out.
 * - `subnet-not-found`: the subnet does not exist any more.
 * - `no-usable-subnet`: the tags of the subnets allow none for this node.
 * - `invalid-request`: EC2 refused the request as wrong; repeating it cannot help.
 * - `unexpected`: an answer nobody foresaw; the message has all that is known.
 */
export const ERROR_REACTIONS = {
  unreachable: 'retry',
  busy: 'retry',
  throttled: 'back-off',
  'subnet-exhausted': 'subnet-full',
  'no-free-prefix': 'subnet-full',
  'eni-limit-reached': 'limit',
  'account-limit-reached': 'limit',
  'address-limit-reached': 'limit',
  'not-permitted': 'permission',
  'eni-not-found': 'gone',
  'instance-not-found': 'gone',
  'subnet-not-found': 'gone',
  'no-usable-subnet': 'bug',
  'invalid-request': 'bug',
  unexpected: 'bug',
} as const satisfies Readonly<Record<string, ErrorReaction>>;

/** One of the keys of {@link ERROR_REACTIONS}, which explains them. */
export type EniAllocatorErrorCode = keyof typeof ERROR_REACTIONS;

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
  /** What to do about it; follows from the code. */
  readonly reaction: ErrorReaction;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: EniAllocatorErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: Readonly<Record<string, string | number>> },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.reaction = ERROR_REACTIONS[code];
    this.facts = options.facts;
  }
}

/** The same error with one more sentence at its end, and more facts. @internal */
export const elaborate = (
  { code, message, facts, cause }: EniAllocatorError,
  sentence: string,
  moreFacts: EniAllocatorError['facts'],
): EniAllocatorError =>
  new EniAllocatorError(code, `${message.slice(`[${code}] `.length)}; ${sentence}`, {
    cause,
    facts: { ...facts, ...moreFacts },
  });

/** Whether a caught value is an {@link EniAllocatorError}, of this or another installed copy. */
export const isEniAllocatorError = (value: unknown): value is EniAllocatorError =>
  typeof value === 'object' && value !== null && brand in value;
