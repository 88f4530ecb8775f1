/** The EC2 error codes that the emulator itself gives; injected errors may carry any other. */
export type Ec2ErrorCode =
  | 'AddressLimitExceeded'
  | 'AttachmentLimitExceeded'
  | 'DependencyViolation'
  | 'DryRunOperation'
  | 'IdempotentParameterMismatch'
  | 'InsufficientCidrBlocks'
  | 'InsufficientFreeAddressesInSubnet'
  | 'InternalError'
  | 'InvalidAction'
  | 'InvalidAttachmentID.NotFound'
  | 'InvalidGroup.NotFound'
  | 'InvalidID'
  | 'InvalidIPAddress.InUse'
  | 'InvalidInstanceID.NotFound'
  | 'InvalidInstanceType'
  | 'InvalidNetworkInterface.InUse'
  | 'InvalidNetworkInterfaceID.NotFound'
  | 'InvalidPaginationToken'
  | 'InvalidParameterCombination'
  | 'InvalidParameterValue'
  | 'InvalidSubnet.Conflict'
  | 'InvalidSubnet.Range'
  | 'InvalidSubnetCidrReservationID.NotFound'
  | 'InvalidSubnetID.NotFound'
  | 'InvalidVpcID.NotFound'
  | 'IncorrectInstanceState'
  | 'MissingParameter'
  | 'OperationNotPermitted'
  | 'PrivateIpAddressLimitExceeded'
  | 'RequestLimitExceeded'
  | 'TagLimitExceeded'
  | 'UnauthorizedOperation'
  | 'UnknownParameter'
  | 'UnsupportedOperation';

// Source: EC2 API reference, "Error codes for the Amazon EC2 API"; everything else is 400.
const statusFor: Readonly<Record<string, number>> = {
  DryRunOperation: 412,
  InternalError: 500,
  InternalFailure: 500,
  RequestLimitExceeded: 503,
  ServiceUnavailable: 503,
  UnauthorizedOperation: 403,
  Unavailable: 503,
};

const brand = Symbol.for('@vpc-cni/aws-emulator/ec2-error');

/** An error as EC2 answers it: a code, the sentence that goes with it, an HTTP status. */
export class Ec2Error extends Error {
  override readonly name = 'Ec2Error';
  readonly [brand] = true;
  readonly code: Ec2ErrorCode | (string & {});
  /** The sentence on the wire, without the code. */
  readonly reason: string;
  readonly status: number;

  constructor(
    code: Ec2ErrorCode | (string & {}),
    reason: string,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(`[${code}] ${reason}`, options);
    this.code = code;
    this.reason = reason;
    this.status = options.status ?? statusFor[code] ?? 400;
  }
}

/** Whether a value is an {@link Ec2Error}, also one made by another copy of this package. */
export const isEc2Error = (value: unknown): value is Ec2Error =>
  typeof value === 'object' && value !== null && brand in value;

/** A wrong value, in EC2's general form. */
export const invalidValue = (reason: string) => new Ec2Error('InvalidParameterValue', reason);

/** A parameter that the caller left out; EC2 names it in lower camel case. */
export const missing = (parameter: string) =>
  new Ec2Error('MissingParameter', `The request must contain the parameter ${parameter}`);

/** The value, or the error that EC2 gives for its absence. */
export function required<T>(value: T | undefined, parameter: string): T {
  if (value === undefined || value === '') {
    throw missing(parameter);
  }
  return value;
}

/** The thing looked up, or EC2's "does not exist" for it. */
export function found<T>(value: T | undefined, code: string, what: string): T {
  if (value === undefined) {
    throw new Ec2Error(code, `The ${what} does not exist`);
  }
  return value;
}
