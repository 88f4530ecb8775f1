import {
  CreateNetworkInterfaceCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { failureOf } from './emulated-vpc.ts';
import { createEmulator, type Emulator } from './emulator.ts';
import type { RunningInstance } from './snapshot.ts';

// No socket is opened here, so that one advance of the clock runs everything that is due.

let clock: FakeClock;
let emulator: Emulator;
let instance: RunningInstance;
let ec2: EC2Client;

beforeEach(async () => {
  clock = createFakeClock();
  emulator = createEmulator({ clock });
  const { vpcId } = emulator.addVpc({ cidr: '10.0.0.0/16' });
  const availabilityZone = 'us-west-2a';
  const { subnetId } = emulator.addSubnet({ vpcId, cidr: '10.0.0.0/24', availabilityZone });
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
  ec2 = new EC2Client({
    region: emulator.region,
    requestHandler: emulator.inProcess.ec2,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  });
});
afterEach(async () => {
  ec2.destroy();
  await emulator.close();
});

const createEni = (options: { readonly abortSignal?: AbortSignal } = {}) =>
  ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: instance.subnetId }), options);
const getMac = async () => {
  const imds = emulator.inProcess.imds(instance.instanceId);
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await imds({ method: 'PUT', path: '/latest/api/token', headers: ttl });
  const headers = { 'x-aws-ec2-metadata-token': token.body };
  return imds({ method: 'GET', path: '/latest/meta-data/mac', headers });
};

describe('EC2 without a socket', () => {
  test('answers the unmodified SDK, errors included', async () => {
    expect((await createEni()).NetworkInterface?.PrivateIpAddress).toBe('10.0.0.5');
    emulator.knobs.deny('CreateNetworkInterface');
    expect(await failureOf(createEni())).toMatchObject({
      code: 'UnauthorizedOperation',
      status: 403,
    });
  });

  test('takes as long as the clock of the test says', async () => {
    emulator.knobs.latencyMs.ec2 = 600;
    let isAnswered = false;
    const call = createEni().then(() => {
      isAnswered = true;
    });
    await clock.advance(599);
    expect(isAnswered).toBe(false);
    await clock.advance(1);
    expect(isAnswered).toBe(true);
    await call;
  });

  test.each([
    { mode: 'refused' as const, code: 'ECONNREFUSED' },
    { mode: 'reset' as const, code: 'ECONNRESET' },
  ])('is $mode as on a socket', async ({ mode, code }) => {
    await emulator.knobs.setUnavailable('ec2', mode);
    await expect(createEni()).rejects.toMatchObject({ code });
    await emulator.knobs.setUnavailable('ec2', false);
    await createEni();
  });

  test.each([
    { name: 'the service', stop: () => emulator.knobs.setUnavailable('ec2', 'hanging') },
    { name: 'the action', stop: () => emulator.knobs.hang('CreateNetworkInterface') },
  ])('hangs with $name until the caller gives up', async ({ stop }) => {
    await stop();
    const controller = new AbortController();
    const call = createEni({ abortSignal: controller.signal });
    await clock.advance(3_600_000);
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a service that comes back cuts the calls that hang', async () => {
    await emulator.knobs.setUnavailable('ec2', 'hanging');
    const call = expect(createEni()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await clock.advance(1000);
    await emulator.knobs.setUnavailable('ec2', false);
    await call;
    expect((await ec2.send(new DescribeSubnetsCommand({}))).Subnets).toHaveLength(1);
  });
});

describe('metadata without a socket', () => {
  test('answers for one instance', async () => {
    expect(await getMac()).toMatchObject({ status: 200, body: instance.primaryMac });
  });

  test('hangs for tokens alone when told to, as with a hop limit too small', async () => {
    emulator.knobs.hang('imds-token');
    const imds = emulator.inProcess.imds(instance.instanceId);
    const read = { method: 'GET', path: '/latest/meta-data/mac', headers: {} };
    expect((await imds(read)).status).toBe(401);
    const token = expect(getMac()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await clock.advance(60_000);
    emulator.knobs.resume('imds-token');
    await token;
    expect((await getMac()).status).toBe(200);
  });
});
