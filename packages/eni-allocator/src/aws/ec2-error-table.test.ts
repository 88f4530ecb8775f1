import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createEmulator, type Emulator, type RunningInstance } from '@vpc-cni/aws-emulator';
import { createEniAllocator } from '../eni-allocator.ts';
import { type EniAllocatorError, ERROR_REACTIONS } from '../eni-allocator-error.ts';
import { createAwsEc2 } from './aws-ec2.ts';
import { EC2_ERROR_TABLE } from './ec2-error-table.ts';

// Each code comes from the emulator as EC2 words it, and through the SDK and the allocator.

const emulator: Emulator = createEmulator();
let instance: RunningInstance;

beforeAll(async () => {
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
  const availabilityZone = 'us-west-2a';
  const { subnetId } = emulator.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
});
afterAll(() => emulator.close());

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

/** What the SDK says by itself, before or instead of an answer of EC2. */
const OF_THE_SDK = ['CredentialsProviderError', 'TokenProviderError', 'TimeoutError'];

function createAllocator(awsCode: string) {
  const said = 'EC2 says so.';
  const requestHandler: typeof emulator.inProcess.ec2 = OF_THE_SDK.includes(awsCode)
    ? {
        ...emulator.inProcess.ec2,
        handle: () => Promise.reject(Object.assign(new Error(said), { name: awsCode })),
      }
    : emulator.inProcess.ec2;
  const { region } = emulator;
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const ec2 = createAwsEc2({ region, requestHandler, credentials });
  emulator.knobs.deny('AssignPrivateIpAddresses', { code: awsCode, message: said });
  const clock = { nowMs: () => 0, sleep: () => Promise.reject(new Error('nobody waits here')) };
  return createEniAllocator({ ec2, clock, instanceId: instance.instanceId });
}

test.each(rows)('%s, as %s: %s', async (reaction, code, awsCode) => {
  const eniId = instance.primaryEniId;
  const action = 'AssignPrivateIpAddresses';
  const failing = createAllocator(awsCode).assignAddresses(eniId, 2);
  const error: EniAllocatorError = await failing.then(
    () => Promise.reject(new Error('nothing was refused')),
    (reason) => reason,
  );
  expect(error).toMatchObject({ code, reaction, facts: { eniId, action, awsCode, count: 2 } });
  // What was done to what, by which action, what EC2 said, and what to do about it.
  const sentence = `[${code}] assigning 2 addresses to ${eniId} (ec2:${action}): ${awsCode}: EC2 says so; `;
  expect(error.message.slice(0, sentence.length)).toBe(sentence);
  expect(error.message.slice(sentence.length)).toMatch(/^\w.{15,}[^.]$/);
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
