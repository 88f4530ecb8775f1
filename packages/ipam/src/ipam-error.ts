/** What can go wrong with the address book or its checkpoint; see the package's README. */
export type IpamErrorCode =
  | 'eni-unknown'
  | 'eni-mismatch'
  | 'eni-in-use'
  | 'prefix-unknown'
  | 'prefix-in-use'
  | 'address-unknown'
  | 'address-elsewhere'
  | 'address-in-use'
  | 'address-not-free'
  | 'address-not-draining'
  | 'checkpoint-garbled'
  | 'checkpoint-version'
  | 'checkpoint-unreadable'
  | 'checkpoint-unwritable';

/** Facts of an error, for logs and metrics. */
export type IpamErrorFacts = Readonly<Record<string, string | number>>;

const brand = Symbol.for('@vpc-cni/ipam/error');

/** The one error class of this package. Match on `code`; test with {@link isIpamError}. */
export class IpamError extends Error {
  override readonly name = 'IpamError';
  readonly [brand] = true;
  readonly code: IpamErrorCode;
  readonly facts: IpamErrorFacts;

  constructor(
    code: IpamErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: IpamErrorFacts },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts;
  }
}

/** Tells whether a value is an {@link IpamError}, even one from another copy of this package. */
export const isIpamError = (value: unknown): value is IpamError =>
  typeof value === 'object' && value !== null && brand in value;
