import {
  CreateNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emulatedVpc, failureOf } from './emulated-vpc.ts';
import { createEmulator } from './emulator.ts';

let cloud: Awaited<ReturnType<typeof emulatedVpc>>;

beforeEach(async () => {
  cloud = await emulatedVpc();
});
afterEach(() => cloud.close());

const describeSubnets = () => cloud.ec2.send(new DescribeSubnetsCommand({}));
const createEni = () =>
  cloud.ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: cloud.subnetId }));

describe('knobs on the wire', () => {
  test.each([
    { mode: 'refused' as const, error: 'ECONNREFUSED' },
    { mode: 'reset' as const, error: 'ECONNRESET' },
  ])('EC2 $mode is a connection error, and comes back', async ({ mode, error }) => {
    await describeSubnets();
    await cloud.emulator.knobs.setUnavailable('ec2', mode);
    const cause = await fetch(cloud.url).catch((caught: { cause: unknown }) => caught.cause);
    expect(cause).toMatchObject({ code: error });
    await cloud.emulator.knobs.setUnavailable('ec2', false);
    expect((await describeSubnets()).Subnets).toHaveLength(1);
  });

  test('a hanging EC2 answers nothing, and lets go when it comes back', async () => {
    await cloud.emulator.knobs.setUnavailable('ec2', 'hanging');
    const pending = fetch(cloud.url).then(
      () => 'answered',
      () => 'cut',
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    await cloud.emulator.knobs.setUnavailable('ec2', false);
    expect(await pending).toBe('cut');
  });

  test('turning the service off and on without waiting ends with it on', async () => {
    const { knobs } = cloud.emulator;
    const changes = [true, false, true, false].map((mode) => knobs.setUnavailable('ec2', mode));
    await Promise.all(changes);
    expect((await describeSubnets()).Subnets).toHaveLength(1);
  });

  test('an injected error has its code, message and status', async () => {
    cloud.emulator.knobs.failNext('DescribeSubnets', {
      code: 'Odd',
      message: 'a <b>',
      status: 418,
    });
    expect(await failureOf(describeSubnets())).toEqual({
      code: 'Odd',
      message: 'a <b>',
      status: 418,
    });
    expect((await describeSubnets()).Subnets).toHaveLength(1);
  });

  test('a lost answer leaves the effect', async () => {
    const lost = { code: 'InternalError', message: 'lost', when: 'after' as const };
    cloud.emulator.knobs.failNext('CreateNetworkInterface', lost);
    expect((await failureOf(createEni())).status).toBe(500);
    expect(cloud.emulator.describe().enis).toHaveLength(1);
  });

  test('an answer can be cut off before the effect or after it', async () => {
    const { knobs } = cloud.emulator;
    knobs.failNext('CreateNetworkInterface', { cut: true });
    expect((await failureOf(createEni())).status).toBeUndefined();
    expect(cloud.emulator.describe().enis).toHaveLength(0);
    knobs.failNext('CreateNetworkInterface', { cut: true, when: 'after' });
    expect((await failureOf(createEni())).status).toBeUndefined();
    expect(cloud.emulator.describe().enis).toHaveLength(1);
    expect(cloud.emulator.journal.map(({ outcome }) => outcome)).toEqual([
      'unanswered',
      'unanswered',
    ]);
  });

  test.each([
    { when: 'before' as const, enis: 0 },
    { when: 'after' as const, enis: 1 },
  ])('one action can hang $when its effect, while the others go on', async ({ when, enis }) => {
    const { knobs, journal } = cloud.emulator;
    knobs.hang('CreateNetworkInterface', when);
    const hanging = failureOf(createEni());
    while (journal.length === 0) {
      await new Promise(setImmediate);
    }
    expect((await describeSubnets()).Subnets).toHaveLength(1);
    expect(cloud.emulator.describe().enis).toHaveLength(enis);
    knobs.resume('CreateNetworkInterface');
    expect((await hanging).status).toBeUndefined();
    await createEni();
    expect(cloud.emulator.describe().enis).toHaveLength(enis + 1);
  });

  test('a denied action is UnauthorizedOperation with status 403', async () => {
    cloud.emulator.knobs.deny('CreateNetworkInterface');
    expect(await failureOf(createEni())).toMatchObject({
      code: 'UnauthorizedOperation',
      message: 'You are not authorized to perform this operation.',
      status: 403,
    });
    cloud.emulator.knobs.allow('CreateNetworkInterface');
    await createEni();
  });

  test('a throttled action is RequestLimitExceeded with status 503', async () => {
    cloud.emulator.knobs.setBucket('DescribeSubnets', { burst: 1, perSecond: 0 });
    await describeSubnets();
    expect(await failureOf(describeSubnets())).toMatchObject({
      code: 'RequestLimitExceeded',
      message: 'Request limit exceeded.',
      status: 503,
    });
  });

  test('closing does not wait for a slow answer', async () => {
    await cloud.close();
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const clock = {
      nowMs: () => 0,
      sleep: (_ms: number, options: { readonly signal?: AbortSignal } = {}) =>
        new Promise<void>((_resolve, reject) => {
          options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
          arrived();
        }),
    };
    cloud = await emulatedVpc({ clock });
    cloud.emulator.knobs.latencyMs.ec2 = 60_000;
    const slow = describeSubnets().catch(() => 'cut');
    await arrival;
    await cloud.emulator.close();
    expect(await slow).toBe('cut');
  });
});

describe('the journal', () => {
  test('has every call with parameters, outcome and time', async () => {
    await describeSubnets();
    await failureOf(
      cloud.ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: ['eni-0abc'] })),
    );
    expect(cloud.emulator.journal).toEqual([
      {
        atMs: expect.any(Number),
        service: 'ec2',
        operation: 'DescribeSubnets',
        parameters: {},
        outcome: 'ok',
        elapsedMs: expect.any(Number),
      },
      expect.objectContaining({
        operation: 'DescribeNetworkInterfaces',
        parameters: { NetworkInterfaceIds: ['eni-0abc'] },
        outcome: 'InvalidNetworkInterfaceID.NotFound',
      }),
    ]);
  });

  test('forgets the oldest calls beyond its limit', async () => {
    await cloud.close();
    cloud = await emulatedVpc({ journalLimit: 4 });
    for (let i = 0; i < 9; i += 1) {
      await describeSubnets();
    }
    expect(cloud.emulator.journal.length).toBeLessThanOrEqual(6);
  });
});

test('200 concurrent calls never give an address twice, and stop exactly when the subnet is full', async () => {
  await cloud.close();
  cloud = await emulatedVpc({ subnetCidr: '10.0.0.0/25' });
  const calls = await Promise.allSettled(Array.from({ length: 200 }, createEni));
  const given = calls.flatMap((call) =>
    call.status === 'fulfilled' ? [call.value.NetworkInterface?.PrivateIpAddress] : [],
  );
  expect(new Set(given).size).toBe(123);
  expect(given).toHaveLength(123);
  expect(cloud.emulator.describe().subnets[0]?.availableAddressCount).toBe(0);
});

describe('a caller of the library', () => {
  const vpc = () => createEmulator().addVpc({ cidr: '10.0.0.0/16' });

  test('cannot make a subnet outside its VPC or over another', () => {
    const emulator = createEmulator();
    const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
    const add = (cidr: string) =>
      emulator.addSubnet({ vpcId, cidr, availabilityZone: 'us-west-2a' });
    add('10.0.0.0/24');
    expect(() => add('10.1.0.0/24')).toThrow(
      expect.objectContaining({ code: 'InvalidSubnet.Range' }),
    );
    expect(() => add('10.0.0.128/25')).toThrow(
      expect.objectContaining({ code: 'InvalidSubnet.Conflict' }),
    );
    expect(() => add('10.0.1.1/24')).toThrow(TypeError);
  });

  test('sees the same ids in every run', () => {
    expect(vpc()).toEqual(vpc());
  });

  test('can add a CIDR to a VPC and an instance type of its own', async () => {
    const { emulator, vpcId, subnetId } = cloud;
    expect(emulator.addVpcCidr({ vpcId, cidr: '10.9.0.0/16' }).cidrs).toContain('10.9.0.0/16');
    emulator.setInstanceType({
      instanceType: 'x9.tiny',
      enisPerCard: [1],
      ipv4PerEni: 1,
      hypervisor: 'nitro',
      isBareMetal: false,
      vcpuCount: 1,
      memoryMib: 512,
    });
    const instance = await emulator.runInstance({ subnetId, instanceType: 'x9.tiny' });
    expect(instance).toMatchObject({ state: 'running', primaryAddress: '10.0.0.4' });
  });

  test('cannot start an instance twice under one id', async () => {
    const { emulator, subnetId } = cloud;
    const request = { subnetId, instanceType: 't3.nano', instanceId: 'i-1' as const };
    await emulator.runInstance(request);
    await expect(emulator.runInstance(request)).rejects.toThrow(TypeError);
  });
});
