import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createEmulator,
  type Ec2Operation,
  type Emulator,
  type RunningInstance,
} from '@vpc-cni/aws-emulator';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import type { AllocateEniRequest } from '../allocate-eni.ts';
import type { AllocatorEvent } from '../allocator-events.ts';
import { createEniAllocator, type EniAllocator } from '../eni-allocator.ts';
import { withDeadline } from '../with-deadline.ts';
import { defaultRetryPolicy, withRetry } from '../with-retry.ts';
import { createAwsEc2 } from './aws-ec2.ts';

// The allocator and the SDK for real, no sockets, and no time but that of the test.

const LATENCY_MS = 600;
const DEADLINE_MS = 10_000;

let clock: FakeClock;
let emulator: Emulator;
let instance: RunningInstance;
let allocator: EniAllocator;
let events: AllocatorEvent[];

beforeEach(async () => {
  clock = createFakeClock();
  emulator = createEmulator({ clock });
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
  const availabilityZone = 'us-west-2a';
  const { subnetId } = emulator.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
  const aws = createAwsEc2({
    region: emulator.region,
    requestHandler: emulator.inProcess.ec2,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  });
  const policy = { ...defaultRetryPolicy, random: () => 0 };
  const ec2 = withRetry(withDeadline(aws, DEADLINE_MS, clock), policy, clock);
  events = [];
  allocator = createEniAllocator({
    ec2,
    clock,
    instanceId: instance.instanceId,
    onEvent: (event) => events.push(event),
  });
  // The SDK is loaded with the first call, which takes real time.
  await allocator.describeEnis([instance.primaryEniId]);
  emulator.knobs.latencyMs.ec2 = LATENCY_MS;
});
afterEach(() => emulator.close());

const allocate = (more: Partial<AllocateEniRequest> = {}) =>
  watch(
    allocator.allocateEni({
      subnetId: instance.subnetId,
      securityGroupIds: [],
      addressCount: 2,
      ...more,
    } as AllocateEniRequest), // with one of the counts
  );

/** What has become of a promise, without waiting for it. */
function watch<T>(promise: Promise<T>) {
  const watched = { promise, state: 'pending' };
  promise.then(
    () => {
      watched.state = 'fulfilled';
    },
    () => {
      watched.state = 'rejected';
    },
  );
  return watched;
}

describe('on the clock of a test, without sockets', () => {
  test('an ENI takes as long as its calls, to the millisecond', async () => {
    const allocation = allocate();
    await clock.advance(4 * LATENCY_MS - 1);
    expect(allocation.state).toBe('pending');
    await clock.advance(1);
    expect(allocation.state).toBe('fulfilled');
    expect(emulator.describe().enis).toContainEqual(
      expect.objectContaining({ eniId: (await allocation.promise).eniId, status: 'in-use' }),
    );
  });

  test.each<[string, Ec2Operation]>([
    ['created, and nobody has heard of it yet', 'CreateNetworkInterface'],
    ['created, and being attached', 'AttachNetworkInterface'],
  ])('a sweep for leaks spares an ENI that is %s', async (_, operation) => {
    emulator.knobs.hang(operation, operation === 'CreateNetworkInterface' ? 'after' : 'before');
    const allocation = allocate();
    await clock.advance(3 * LATENCY_MS);
    const sweep = watch(allocator.deleteLeakedEnis({ olderThanMs: 0 }));
    await clock.advance(LATENCY_MS);
    emulator.knobs.resume(operation);
    await clock.advance(4 * LATENCY_MS);
    expect(await sweep.promise).toEqual([]);
    expect(emulator.describe().enis).toContainEqual(
      expect.objectContaining({ eniId: (await allocation.promise).eniId, status: 'in-use' }),
    );
  });

  test('an ENI takes three calls when the caller knows the slots', async () => {
    const callCount = emulator.journal.length;
    const usedSlots = [{ networkCardIndex: 0, deviceNumber: 0 }];
    const allocation = allocate({ usedSlots });
    await clock.advance(3 * LATENCY_MS);
    expect(allocation.state).toBe('fulfilled');
    expect(emulator.journal.slice(callCount).map(({ operation }) => operation)).toEqual([
      'CreateNetworkInterface',
      'AttachNetworkInterface',
      'ModifyNetworkInterfaceAttribute',
    ]);
  });

  test('a token of the caller brings one ENI, whatever happens to the answers', async () => {
    const lost = { code: 'InternalError', message: 'Lost.', when: 'after' } as const;
    emulator.knobs.failNext('CreateNetworkInterface', lost);
    const allocation = allocate({ clientToken: 'intent-7' });
    await clock.advance(60_000);
    const { eniId } = await allocation.promise;
    const secondary = emulator.describe().enis.filter((eni) => !eni.isPrimary);
    expect(secondary.map((eni) => eni.eniId)).toEqual([eniId]);
    const creates = emulator.journal.filter(
      ({ operation }) => operation === 'CreateNetworkInterface',
    );
    const sent = { parameters: { ClientToken: 'intent-7' } };
    expect(creates).toMatchObject([sent, sent]);
  });

  test('a refusal is repeated when its time has come, and not before', async () => {
    emulator.knobs.failNext('AssignPrivateIpAddresses', {
      code: 'RequestLimitExceeded',
      message: 'Request limit exceeded.',
    });
    const assignment = watch(allocator.assignAddresses(instance.primaryEniId, 1));
    await clock.advance(LATENCY_MS + 500 + LATENCY_MS - 1);
    expect(assignment.state).toBe('pending');
    await clock.advance(1);
    expect(await assignment.promise).toHaveLength(1);
  });

  test('a call that hangs ends at its deadline', async () => {
    emulator.knobs.hang('AssignPrivateIpAddresses');
    const assignment = watch(allocator.assignAddresses(instance.primaryEniId, 1));
    await clock.advance(DEADLINE_MS - 1);
    expect(assignment.state).toBe('pending');
    await clock.advance(1);
    await expect(assignment.promise).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('the clean-up of an aborted allocation has two seconds', async () => {
    emulator.knobs.hang('DeleteNetworkInterface');
    const ending = new AbortController();
    const allocation = allocate({ signal: ending.signal });
    await clock.advance(2 * LATENCY_MS + 1); // created, and about to be attached
    ending.abort(new Error('ending'));
    await clock.advance(1_999);
    expect(allocation.state).toBe('pending');
    await clock.advance(1);
    await expect(allocation.promise).rejects.toThrow('ending');
    expect(events).toMatchObject([{ kind: 'eni-leaked' }]);
  });
});
