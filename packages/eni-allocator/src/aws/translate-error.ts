import { EniAllocatorError, type EniAllocatorErrorCode } from '../eni-allocator-error.ts';

/** What was being done when the error came, in words and figures. */
export interface AwsCall {
  /** EC2's name of the operation, as in `ec2:AttachNetworkInterface`. */
  readonly action: string;
  /** Present participle: "attaching eni-1 to i-1". */
  readonly doing: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/**
 * EC2's error codes and what they mean to us. Codes that are not listed are judged by HTTP status.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-errors.html "Error codes for the Amazon EC2 API"
 */
export const codeForAwsCode: Readonly<Record<string, EniAllocatorErrorCode>> = {
  AttachmentLimitExceeded: 'eni-limit-reached',
  NetworkInterfaceLimitExceeded: 'eni-limit-reached',

  PrivateIpAddressLimitExceeded: 'address-limit-reached',

  InsufficientFreeAddressesInSubnet: 'subnet-exhausted',
  InsufficientCidrBlocks: 'no-free-prefix',

  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  ThrottledException: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  RequestLimitExceeded: 'throttled',
  TooManyRequestsException: 'throttled',
  BandwidthLimitExceeded: 'throttled',
  EC2ThrottledException: 'throttled',
  SlowDown: 'throttled',
  ResourceLimitExceeded: 'throttled',

  UnauthorizedOperation: 'not-permitted',
  AccessDenied: 'not-permitted',
  AccessDeniedException: 'not-permitted',
  AuthFailure: 'not-permitted',
  Blocked: 'not-permitted',
  ExpiredToken: 'not-permitted',
  ExpiredTokenException: 'not-permitted',
  IncompleteSignature: 'not-permitted',
  InvalidClientTokenId: 'not-permitted',
  MissingAuthenticationToken: 'not-permitted',
  OptInRequired: 'not-permitted',
  PendingVerification: 'not-permitted',
  RequestExpired: 'not-permitted',
  SignatureDoesNotMatch: 'not-permitted',
  UnrecognizedClientException: 'not-permitted',
  // The SDK's own, when it finds no credentials to sign with.
  CredentialsProviderError: 'not-permitted',
  TokenProviderError: 'not-permitted',

  'InvalidNetworkInterfaceID.NotFound': 'eni-not-found',
  'InvalidNetworkInterfaceId.NotFound': 'eni-not-found',

  InternalError: 'unreachable',
  InternalFailure: 'unreachable',
  RequestTimeout: 'unreachable',
  RequestTimeoutException: 'unreachable',
  ServiceUnavailable: 'unreachable',
  Unavailable: 'unreachable',
  // The SDK's own, when a time limit passes.
  TimeoutError: 'unreachable',

  DependencyViolation: 'invalid-request',
  IdempotentParameterMismatch: 'invalid-request',
  IncorrectState: 'invalid-request',
  IncorrectInstanceState: 'invalid-request',
  InvalidAction: 'invalid-request',
  'InvalidAttachmentID.NotFound': 'invalid-request',
  'InvalidGroup.NotFound': 'invalid-request',
  'InvalidGroupId.Malformed': 'invalid-request',
  'InvalidInstanceID.Malformed': 'invalid-request',
  'InvalidInstanceID.NotFound': 'invalid-request',
  InvalidInstanceType: 'invalid-request',
  'InvalidIPAddress.InUse': 'invalid-request',
  'InvalidNetworkInterface.InUse': 'invalid-request',
  'InvalidNetworkInterfaceAttachmentId.Malformed': 'invalid-request',
  'InvalidNetworkInterfaceId.Malformed': 'invalid-request',
  InvalidParameter: 'invalid-request',
  InvalidParameterCombination: 'invalid-request',
  InvalidParameterValue: 'invalid-request',
  InvalidPaginationToken: 'invalid-request',
  'InvalidSecurityGroupID.NotFound': 'invalid-request',
  'InvalidSubnetID.NotFound': 'invalid-request',
  'InvalidSubnetId.Malformed': 'invalid-request',
  MissingParameter: 'invalid-request',
  OperationNotPermitted: 'invalid-request',
  SecurityGroupsPerInterfaceLimitExceeded: 'invalid-request',
  TagLimitExceeded: 'invalid-request',
  UnknownParameter: 'invalid-request',
  UnsupportedOperation: 'invalid-request',
  ValidationError: 'invalid-request',
};

/** Node's `code` of a connection that failed, was cut or was not trusted. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'EPROTO',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ETIMEDOUT',
  'HPE_INVALID_CONSTANT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const adviceFor: Readonly<Record<EniAllocatorErrorCode, (call: AwsCall) => string>> = {
  'eni-limit-reached': () => 'free an ENI or use a larger instance type',
  'address-limit-reached': () => 'describe the ENI to learn which addresses it holds',
  'subnet-exhausted': () => 'free addresses in the subnet or use another one',
  'no-free-prefix': () =>
    'ask for single addresses, reserve a block for prefixes in the subnet, or use another subnet',
  throttled: () => 'call less often',
  'not-permitted': ({ action }) =>
    `see that the node has valid credentials and that its IAM role allows ec2:${action}`,
  'eni-not-found': () => 'it was deleted, or EC2 does not show it yet',
  unreachable: () => 'see that the node reaches the EC2 endpoint of its region, then try again',
  'invalid-request': () => 'what was asked for does not fit what EC2 has',
  unexpected: () => 'please report this with the text above',
};

/** What an error of the AWS SDK or of the network means to us, with all it says kept as facts. */
export function translateError(error: unknown, call: AwsCall): EniAllocatorError {
  const code = codeOf(error);
  const awsCode = awsCodeOf(error);
  const { httpStatusCode, requestId } = metadataOf(error);
  const said = messageOf(error);
  const what = awsCode === undefined || awsCode === 'Error' ? said : `${awsCode}: ${said}`;
  return new EniAllocatorError(code, `${call.doing}: ${what}; ${adviceFor[code](call)}`, {
    cause: error,
    facts: {
      ...call.facts,
      action: call.action,
      ...(awsCode === undefined ? {} : { awsCode }),
      ...(httpStatusCode === undefined ? {} : { httpStatus: httpStatusCode }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  });
}

/** EC2's word for the failure. Old API versions put `Client.` or `Server.` in front. */
export function awsCodeOf(error: unknown): string | undefined {
  const { name } = fieldsOf(error);
  return typeof name === 'string' ? name.replace(/^(Client|Server)\./, '') : undefined;
}

/** EC2's sentence about the failure. */
export const messageOf = (error: unknown): string => {
  const { message } = fieldsOf(error);
  // A refused connection to a name with several addresses has no sentence of its own.
  return typeof message === 'string' && message !== ''
    ? message
    : (networkCodeOf(error) ?? String(error));
};

function codeOf(error: unknown): EniAllocatorErrorCode {
  const listed = codeForAwsCode[awsCodeOf(error) ?? ''];
  if (listed !== undefined) {
    return listed;
  }
  const status = metadataOf(error).httpStatusCode ?? 0;
  if (status === 429) {
    return 'throttled';
  }
  return status >= 500 || networkCodeOf(error) !== undefined ? 'unreachable' : 'unexpected';
}

function networkCodeOf(error: unknown): string | undefined {
  const { code } = fieldsOf(error);
  return typeof code === 'string' && NETWORK_CODES.has(code) ? code : undefined;
}

interface Metadata {
  readonly httpStatusCode?: number;
  readonly requestId?: string;
}

const metadataOf = (error: unknown): Metadata => fieldsOf(error).$metadata ?? {};

/** What an error may carry; read without `instanceof`, which fails between copies and realms. */
interface ErrorFields {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: Metadata;
}

const fieldsOf = (error: unknown): ErrorFields =>
  typeof error === 'object' && error !== null ? error : {};
