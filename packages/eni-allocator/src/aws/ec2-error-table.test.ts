import { expect, test } from '@jest/globals';
import { ERROR_REACTIONS } from '../eni-allocator-error.ts';
import { EC2_ERROR_TABLE } from './ec2-error-table.ts';
import { translateError } from './translate-error.ts';

const call = {
  action: 'AssignPrivateIpAddresses',
  doing: 'assigning 2 addresses to eni-1',
  facts: { eniId: 'eni-1' },
};

// Written down a second time on purpose: what an operator is told must not change by accident.
const rows = [
  ['limit', 'eni-limit-reached', 'AttachmentLimitExceeded'],
  ['limit', 'account-limit-reached', 'NetworkInterfaceLimitExceeded'],
  ['limit', 'address-limit-reached', 'PrivateIpAddressLimitExceeded'],
  ['subnet-full', 'subnet-exhausted', 'InsufficientFreeAddressesInSubnet'],
  ['subnet-full', 'no-free-prefix', 'InsufficientCidrBlocks'],
  ['back-off', 'throttled', 'Throttling'],
  ['back-off', 'throttled', 'ThrottlingException'],
  ['back-off', 'throttled', 'ThrottledException'],
  ['back-off', 'throttled', 'RequestThrottled'],
  ['back-off', 'throttled', 'RequestThrottledException'],
  ['back-off', 'throttled', 'RequestLimitExceeded'],
  ['back-off', 'throttled', 'TooManyRequestsException'],
  ['back-off', 'throttled', 'BandwidthLimitExceeded'],
  ['back-off', 'throttled', 'EC2ThrottledException'],
  ['back-off', 'throttled', 'SlowDown'],
  ['back-off', 'throttled', 'ResourceLimitExceeded'],
  ['permission', 'not-permitted', 'UnauthorizedOperation'],
  ['permission', 'not-permitted', 'AccessDenied'],
  ['permission', 'not-permitted', 'AccessDeniedException'],
  ['permission', 'not-permitted', 'AuthFailure'],
  ['permission', 'not-permitted', 'Blocked'],
  ['permission', 'not-permitted', 'ExpiredToken'],
  ['permission', 'not-permitted', 'ExpiredTokenException'],
  ['permission', 'not-permitted', 'IncompleteSignature'],
  ['permission', 'not-permitted', 'InvalidClientTokenId'],
  ['permission', 'not-permitted', 'MissingAuthenticationToken'],
  ['permission', 'not-permitted', 'OptInRequired'],
  ['permission', 'not-permitted', 'PendingVerification'],
  ['permission', 'not-permitted', 'RequestExpired'],
  ['permission', 'not-permitted', 'SignatureDoesNotMatch'],
  ['permission', 'not-permitted', 'UnrecognizedClientException'],
  ['permission', 'not-permitted', 'CredentialsProviderError'],
  ['permission', 'not-permitted', 'TokenProviderError'],
  ['gone', 'eni-not-found', 'InvalidNetworkInterfaceID.NotFound'],
  ['gone', 'eni-not-found', 'InvalidNetworkInterfaceId.NotFound'],
  ['gone', 'eni-not-found', 'InvalidAttachmentID.NotFound'],
  ['gone', 'instance-not-found', 'InvalidInstanceID.NotFound'],
  ['gone', 'instance-not-found', 'IncorrectInstanceState'],
  ['gone', 'subnet-not-found', 'InvalidSubnetID.NotFound'],
  ['retry', 'unreachable', 'InternalError'],
  ['retry', 'unreachable', 'InternalFailure'],
  ['retry', 'unreachable', 'RequestTimeout'],
  ['retry', 'unreachable', 'RequestTimeoutException'],
  ['retry', 'unreachable', 'ServiceUnavailable'],
  ['retry', 'unreachable', 'Unavailable'],
  ['retry', 'unreachable', 'TimeoutError'],
  ['retry', 'busy', 'IncorrectState'],
  ['bug', 'invalid-request', 'InvalidGroup.NotFound'],
  ['bug', 'invalid-request', 'InvalidGroupId.Malformed'],
  ['bug', 'invalid-request', 'InvalidSecurityGroupID.NotFound'],
  ['bug', 'invalid-request', 'SecurityGroupsPerInterfaceLimitExceeded'],
  ['bug', 'invalid-request', 'TagLimitExceeded'],
  ['bug', 'invalid-request', 'InvalidInstanceType'],
  ['bug', 'invalid-request', 'OperationNotPermitted'],
  ['bug', 'invalid-request', 'UnsupportedOperation'],
  ['bug', 'invalid-request', 'DependencyViolation'],
  ['bug', 'invalid-request', 'IdempotentParameterMismatch'],
  ['bug', 'invalid-request', 'InvalidAction'],
  ['bug', 'invalid-request', 'InvalidInstanceID.Malformed'],
  ['bug', 'invalid-request', 'InvalidIPAddress.InUse'],
  ['bug', 'invalid-request', 'InvalidNetworkInterface.InUse'],
  ['bug', 'invalid-request', 'InvalidNetworkInterfaceAttachmentId.Malformed'],
  ['bug', 'invalid-request', 'InvalidNetworkInterfaceId.Malformed'],
  ['bug', 'invalid-request', 'InvalidPaginationToken'],
  ['bug', 'invalid-request', 'InvalidParameter'],
  ['bug', 'invalid-request', 'InvalidParameterCombination'],
  ['bug', 'invalid-request', 'InvalidParameterValue'],
  ['bug', 'invalid-request', 'InvalidSubnetId.Malformed'],
  ['bug', 'invalid-request', 'MissingParameter'],
  ['bug', 'invalid-request', 'UnknownParameter'],
  ['bug', 'invalid-request', 'ValidationError'],
] as const;

test.each(rows)('%s, as %s: %s', (reaction, code, awsCode) => {
  const answer = Object.assign(new Error('EC2 says so.'), { name: awsCode });
  const error = translateError(answer, call);
  expect({ code: error.code, reaction: error.reaction }).toEqual({ code, reaction });
  // What was done, what EC2 said, and what to do about it.
  const sentence = `[${code}] assigning 2 addresses to eni-1: ${awsCode}: EC2 says so.; `;
  expect(error.message.slice(0, sentence.length)).toBe(sentence);
  expect(error.message.slice(sentence.length)).toMatch(/^\w.{15,}$/);
  expect(error.message).not.toContain('<action>');
});

test('the rows above are all there are', () => {
  expect(Object.keys(EC2_ERROR_TABLE).sort()).toEqual(rows.map(([, , awsCode]) => awsCode).sort());
});

test('each reaction has a code, so that none is dead', () => {
  expect([...new Set(Object.values(ERROR_REACTIONS))].sort()).toEqual(
    ['back-off', 'bug', 'gone', 'limit', 'permission', 'retry', 'subnet-full'].sort(),
  );
});
