import { afterAll, describe, expect, test } from '@jest/globals';
import { createAwsEc2, EC2_ERROR_TABLE, type EniId } from '@vpc-cni/eni-allocator';
import { growthBlockOf, type PoolRefusalReason } from '@vpc-cni/pool-controller';
import { createWorld } from './world.fixture.ts';

// Pain 01: whatever keeps a pod from getting an address, operators read the same sentence.
// Here: each code by which EC2 may refuse is told as one reason, in a sentence for operators.

const codesOf: Partial<Readonly<Record<PoolRefusalReason, string>>> = {
  'subnet-full': 'InsufficientFreeAddressesInSubnet',
  'no-free-prefix': 'InsufficientCidrBlocks',
  'eni-limit':
    'AttachmentLimitExceeded NetworkInterfaceLimitExceeded PrivateIpAddressLimitExceeded',
  throttled: `
    Throttling ThrottlingException ThrottledException RequestThrottled RequestThrottledException
    RequestLimitExceeded TooManyRequestsException BandwidthLimitExceeded EC2ThrottledException SlowDown
    ResourceLimitExceeded`,
  permission: `
    UnauthorizedOperation AccessDenied AccessDeniedException AuthFailure Blocked ExpiredToken
    ExpiredTokenException IncompleteSignature InvalidClientTokenId MissingAuthenticationToken OptInRequired
    PendingVerification RequestExpired SignatureDoesNotMatch UnrecognizedClientException
    CredentialsProviderError TokenProviderError`,
  terminating: 'InvalidInstanceID.NotFound IncorrectInstanceState',
  // No answer, none that lasts, or a mistake of ours: the sentence tells which.
  'ec2-unavailable': `
    InternalError InternalFailure RequestTimeout RequestTimeoutException ServiceUnavailable Unavailable
    TimeoutError IncorrectState
    InvalidNetworkInterfaceID.NotFound InvalidNetworkInterfaceId.NotFound InvalidAttachmentID.NotFound
    InvalidSubnetID.NotFound
    InvalidGroup.NotFound InvalidGroupId.Malformed InvalidSecurityGroupID.NotFound
    SecurityGroupsPerInterfaceLimitExceeded TagLimitExceeded InvalidInstanceType OperationNotPermitted
    UnsupportedOperation DependencyViolation IdempotentParameterMismatch InvalidAction
    InvalidInstanceID.Malformed InvalidIPAddress.InUse InvalidNetworkInterface.InUse
    InvalidNetworkInterfaceAttachmentId.Malformed InvalidNetworkInterfaceId.Malformed InvalidPaginationToken
    InvalidParameter InvalidParameterCombination InvalidParameterValue InvalidSubnetId.Malformed
    MissingParameter UnknownParameter ValidationError`,
};

const cases = Object.entries(codesOf).flatMap(([reason, codes]) =>
  codes
    .split(/\s+/)
    .filter((code) => code !== '')
    .map((code) => ({ code, reason })),
);

const world = await createWorld({ latencyMs: {} });
afterAll(() => world.close());
const { knobs, inProcess, region } = world.cloud;
const ec2 = createAwsEc2({
  region,
  requestHandler: inProcess.ec2,
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
});
const eniId: EniId = 'eni-00000000000000001';

describe('what EC2 refuses with', () => {
  test.each(cases)('$code is told as $reason', async ({ code, reason }) => {
    knobs.deny('AssignPrivateIpAddresses', { code, message: 'As EC2 puts it.' });
    const error = await ec2.assignAddresses({ eniId, count: 2 }).catch((caught: unknown) => caught);
    const told = growthBlockOf(error, undefined, 0);
    const { code: ours, advice = '' } = EC2_ERROR_TABLE[code] ?? {};
    const whatToDo =
      ours === 'unreachable'
        ? 'it may have been carried out: describe the ENI before the next try'
        : advice;
    expect(told.reason).toBe(reason);
    expect(told.message).toBe(
      `[${ours}] assigning 2 addresses to ${eniId} (ec2:AssignPrivateIpAddresses): ` +
        `${code}: As EC2 puts it; ${whatToDo.replace('<action>', 'AssignPrivateIpAddresses')}`,
    );
  });

  test('has no other codes, and none twice', () => {
    expect(cases.map(({ code }) => code).toSorted()).toEqual(Object.keys(EC2_ERROR_TABLE).sort());
  });
});
