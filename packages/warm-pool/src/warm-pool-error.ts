/** What can be wrong with what this package is given; see the package's README. */
export type WarmPoolErrorCode = 'invalid-limits' | 'invalid-option' | 'invalid-answer';

/** Facts of an error, for logs and metrics. */
export type WarmPoolErrorFacts = Readonly<Record<string, string | number>>;

const brand = Symbol.for('@vpc-cni/warm-pool/error');

/** The one error class of this package. Match on `code`; test with {@link isWarmPoolError}. */
export class WarmPoolError extends Error {
  override readonly name = 'WarmPoolError';
  readonly [brand] = true;
  readonly code: WarmPoolErrorCode;
  readonly facts: WarmPoolErrorFacts;

  constructor(
    code: WarmPoolErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts: WarmPoolErrorFacts },
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts;
  }
}

/** Tells whether a value is a {@link WarmPoolError}, even one from another copy of this package. */
export const isWarmPoolError = (value: unknown): value is WarmPoolError =>
  typeof value === 'object' && value !== null && brand in value;
