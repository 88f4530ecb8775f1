import type { EniAllocatorErrorCode } from '../eni-allocator-error.ts';

/** What one error code of EC2 means: our code, and what the operator should know or do. */
export interface Ec2ErrorMeaning {
  readonly code: EniAllocatorErrorCode;
  /** The end of the error's sentence. `<action>` stands for the EC2 action that was refused. */
  readonly advice: string;
}

/** What to say where nothing more precise is known than our own code. */
export const ADVICE: Readonly<Record<EniAllocatorErrorCode, string>> = {
  unreachable: 'see that the node reaches the EC2 endpoint of its region; it is tried again',
  busy: 'it is just changing; it is tried again',
  throttled: 'the account calls EC2 too often; it is tried again, more slowly',
  'subnet-exhausted': 'free addresses in the subnet or use another one',
  'no-free-prefix':
    'ask for single addresses, reserve a block for prefixes in the subnet, or use another subnet',
  'eni-limit-reached': 'free an ENI or use a larger instance type',
  'account-limit-reached':
    'the account may have no more ENIs in this region: delete leaked ones or raise the quota',
  'address-limit-reached': 'describe the ENI to learn which addresses it holds',
  'not-permitted': 'see that the IAM role of the node allows ec2:<action>',
  'eni-not-found': 'it was deleted, or EC2 does not show it yet',
  'instance-not-found': 'the instance is gone or about to go; nothing is to be done',
  'subnet-not-found': 'use another subnet',
  'no-usable-subnet': 'tag a subnet for the node',
  'invalid-request': 'what was asked for does not fit what EC2 has',
  unexpected: 'please report this with the text above',
};

const is = (code: EniAllocatorErrorCode, advice = ADVICE[code]): Ec2ErrorMeaning => ({
  code,
  advice,
});

const CREDENTIALS =
  'see that the node has valid credentials (an instance role, or the role of a service account)';
const CLOCK = 'see that the clock of the node is right';
const GROUPS = 'correct the security groups of the node or of its ENIConfig';

/**
 * Every error code of EC2 that has a meaning to us. What is not listed is judged by HTTP status.
 *
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-errors.html "Error codes for the Amazon EC2 API"
 */
export const EC2_ERROR_TABLE: Readonly<Record<string, Ec2ErrorMeaning>> = {
  AttachmentLimitExceeded: is('eni-limit-reached'),
  NetworkInterfaceLimitExceeded: is('account-limit-reached'),
  PrivateIpAddressLimitExceeded: is('address-limit-reached'),

  InsufficientFreeAddressesInSubnet: is('subnet-exhausted'),
  InsufficientCidrBlocks: is('no-free-prefix'),

  Throttling: is('throttled'),
  ThrottlingException: is('throttled'),
  ThrottledException: is('throttled'),
  RequestThrottled: is('throttled'),
  RequestThrottledException: is('throttled'),
  RequestLimitExceeded: is('throttled'),
  TooManyRequestsException: is('throttled'),
  BandwidthLimitExceeded: is('throttled'),
  EC2ThrottledException: is('throttled'),
  SlowDown: is('throttled'),
  ResourceLimitExceeded: is('throttled'),

  UnauthorizedOperation: is('not-permitted'),
  AccessDenied: is('not-permitted'),
  AccessDeniedException: is('not-permitted'),
  AuthFailure: is('not-permitted', CREDENTIALS),
  Blocked: is('not-permitted', 'AWS has blocked the account: contact its support'),
  ExpiredToken: is('not-permitted', CREDENTIALS),
  ExpiredTokenException: is('not-permitted', CREDENTIALS),
  IncompleteSignature: is('not-permitted', CREDENTIALS),
  InvalidClientTokenId: is('not-permitted', CREDENTIALS),
  MissingAuthenticationToken: is('not-permitted', CREDENTIALS),
  OptInRequired: is('not-permitted', 'the account has not signed up for EC2 in this region'),
  PendingVerification: is('not-permitted', 'AWS is still verifying the account'),
  RequestExpired: is('not-permitted', CLOCK),
  SignatureDoesNotMatch: is('not-permitted', `${CREDENTIALS} and that its clock is right`),
  UnrecognizedClientException: is('not-permitted', CREDENTIALS),
  // The SDK's own, when it finds no credentials to sign with.
  CredentialsProviderError: is('not-permitted', CREDENTIALS),
  TokenProviderError: is('not-permitted', CREDENTIALS),

  'InvalidNetworkInterfaceID.NotFound': is('eni-not-found'),
  'InvalidNetworkInterfaceId.NotFound': is('eni-not-found'),
  'InvalidAttachmentID.NotFound': is('eni-not-found', 'the ENI was detached meanwhile'),
  'InvalidInstanceID.NotFound': is('instance-not-found'),
  IncorrectInstanceState: is('instance-not-found'),
  'InvalidSubnetID.NotFound': is('subnet-not-found'),

  InternalError: is('unreachable'),
  InternalFailure: is('unreachable'),
  RequestTimeout: is('unreachable'),
  RequestTimeoutException: is('unreachable'),
  ServiceUnavailable: is('unreachable'),
  Unavailable: is('unreachable'),
  // The SDK's own, when a time limit passes.
  TimeoutError: is('unreachable'),
  IncorrectState: is('busy'),

  'InvalidGroup.NotFound': is('invalid-request', GROUPS),
  'InvalidGroupId.Malformed': is('invalid-request', GROUPS),
  'InvalidSecurityGroupID.NotFound': is('invalid-request', GROUPS),
  SecurityGroupsPerInterfaceLimitExceeded: is('invalid-request', GROUPS),
  TagLimitExceeded: is('invalid-request', 'ask for fewer additional ENI tags'),
  InvalidInstanceType: is('invalid-request', 'the region does not know the instance type'),
  OperationNotPermitted: is('invalid-request', 'somebody else manages this ENI'),
  UnsupportedOperation: is('invalid-request', 'the instance type cannot do this'),
  DependencyViolation: is('invalid-request'),
  IdempotentParameterMismatch: is('invalid-request'),
  InvalidAction: is('invalid-request'),
  'InvalidInstanceID.Malformed': is('invalid-request'),
  'InvalidIPAddress.InUse': is('invalid-request'),
  'InvalidNetworkInterface.InUse': is('invalid-request'),
  'InvalidNetworkInterfaceAttachmentId.Malformed': is('invalid-request'),
  'InvalidNetworkInterfaceId.Malformed': is('invalid-request'),
  InvalidPaginationToken: is('invalid-request'),
  InvalidParameter: is('invalid-request'),
  InvalidParameterCombination: is('invalid-request'),
  InvalidParameterValue: is('invalid-request'),
  'InvalidSubnetId.Malformed': is('invalid-request'),
  MissingParameter: is('invalid-request'),
  UnknownParameter: is('invalid-request'),
  ValidationError: is('invalid-request'),
};
