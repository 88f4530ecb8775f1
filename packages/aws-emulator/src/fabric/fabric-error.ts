/** Why a fabric operation failed. */
export type FabricErrorCode =
  /** The namespace of this process has a fabric already; there can be one. */
  | 'fabric-exists'
  /** The fabric has been closed. */
  | 'closed'
  /** A name, address or id is not of the form the fabric can use. */
  | 'invalid-argument'
  /** Something of that name is there already. */
  | 'already-exists'
  /** Subnet, node, instance or ENI was never made known to the fabric. */
  | 'not-found'
  /** ip(8), nft(8) or a sysctl refused; facts: command, answer. */
  | 'kernel-refused';

const brand = Symbol.for('@vpc-cni/aws-emulator/fabric-error');

/** Every failure of the fabric. Match `code`; `facts` carries the figures of the message. */
export class FabricError extends Error {
  override readonly name = 'FabricError';
  readonly [brand] = true;
  readonly code: FabricErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: FabricErrorCode,
    message: string,
    options: ErrorOptions & { readonly facts?: FabricError['facts'] } = {},
  ) {
    super(`[${code}] ${message}`, options);
    this.code = code;
    this.facts = options.facts ?? {};
  }
}

/** Tells a {@link FabricError} from anything else, also one of another copy of this package. */
export const isFabricError = (value: unknown): value is FabricError =>
  typeof value === 'object' && value !== null && brand in value;
