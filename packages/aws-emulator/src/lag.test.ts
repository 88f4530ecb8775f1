import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateTagsCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { failureOf } from './emulated-vpc.ts';
import { createEmulator, type Emulator } from './emulator.ts';
import type { RunningInstance } from './snapshot.ts';

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

const assign = async () => {
  const NetworkInterfaceId = instance.primaryEniId;
  const SecondaryPrivateIpAddressCount = 1;
  const input = { NetworkInterfaceId, SecondaryPrivateIpAddressCount };
  const answer = await ec2.send(new AssignPrivateIpAddressesCommand(input));
  return String(answer.AssignedPrivateIpAddresses?.[0]?.PrivateIpAddress);
};
const unassign = (address: string) =>
  ec2.send(
    new UnassignPrivateIpAddressesCommand({
      NetworkInterfaceId: instance.primaryEniId,
      PrivateIpAddresses: [address],
    }),
  );
const createEni = async () => {
  const command = new CreateNetworkInterfaceCommand({ SubnetId: instance.subnetId });
  return String((await ec2.send(command)).NetworkInterface?.NetworkInterfaceId);
};
const attach = (eniId: string) =>
  ec2.send(
    new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: eniId,
      InstanceId: instance.instanceId,
      DeviceIndex: 1,
    }),
  );

const metadata = async (path: string, { instanceId } = instance) => {
  const imds = emulator.inProcess.imds(instanceId);
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await imds({ method: 'PUT', path: '/latest/api/token', headers: ttl });
  const headers = { 'x-aws-ec2-metadata-token': token.body };
  return (await imds({ method: 'GET', path: `/latest/meta-data/${path}`, headers })).body;
};
const macs = async () => (await metadata('network/interfaces/macs/')).split('\n').length;
const addresses = () => metadata(`network/interfaces/macs/${instance.primaryMac}/local-ipv4s`);

const describedAddresses = async () => {
  const command = new DescribeNetworkInterfacesCommand({
    NetworkInterfaceIds: [instance.primaryEniId],
  });
  const { NetworkInterfaces } = await ec2.send(command);
  return NetworkInterfaces?.[0]?.PrivateIpAddresses?.map((one) => one.PrivateIpAddress);
};
const freeAddresses = async () =>
  (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.AvailableIpAddressCount;

describe('metadata that lags', () => {
  test('shows addresses and their end as late as the knob says', async () => {
    emulator.knobs.setLag('imds', 90_000);
    await clock.advance(1);
    await assign();
    await clock.advance(10_000);
    await unassign('10.0.0.5');
    expect(await addresses()).toBe('10.0.0.4');
    await clock.advance(79_999);
    expect(await addresses()).toBe('10.0.0.4');
    await clock.advance(1);
    expect(await addresses()).toBe('10.0.0.4\n10.0.0.5');
    await clock.advance(9_999);
    expect(await addresses()).toBe('10.0.0.4\n10.0.0.5');
    await clock.advance(1);
    expect(await addresses()).toBe('10.0.0.4');
  });

  test('shows an ENI late that was attached after its call', async () => {
    emulator.knobs.attachDelayMs = 2000;
    emulator.knobs.setLag('imds', 5000);
    await attach(await createEni());
    await clock.advance(6999);
    expect(await macs()).toBe(1);
    await clock.advance(1);
    expect(await macs()).toBe(2);
  });

  test('can be frozen, and catches up at once', async () => {
    emulator.knobs.setLag('imds', Number.POSITIVE_INFINITY);
    await clock.advance(1);
    await assign();
    await clock.advance(24 * 3_600_000);
    expect(await addresses()).toBe('10.0.0.4');
    emulator.knobs.setLag('imds', undefined);
    expect(await addresses()).toBe('10.0.0.4\n10.0.0.5');
  });

  test('still tells a new instance what it was started with', async () => {
    emulator.knobs.setLag('imds', 60_000);
    await clock.advance(1000);
    const { subnetId } = instance;
    const other = await emulator.runInstance({ subnetId, instanceType: 'm5.large' });
    expect(await metadata('local-ipv4', other)).toBe(other.primaryAddress);
  });

  test('leaves EC2 alone', async () => {
    emulator.knobs.setLag('imds', 60_000);
    await clock.advance(1);
    await assign();
    expect(await describedAddresses()).toEqual(['10.0.0.4', '10.0.0.5']);
  });
});

describe('EC2 that lags', () => {
  test('does not know yet what has just been created', async () => {
    emulator.knobs.setLag('ec2', 2000);
    await clock.advance(1);
    const eniId = await createEni();
    const describe = () =>
      ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [eniId] }));
    expect((await failureOf(describe())).code).toBe('InvalidNetworkInterfaceID.NotFound');
    await attach(eniId);
    await clock.advance(2000);
    expect((await describe()).NetworkInterfaces?.[0]?.Status).toBe('in-use');
  });

  test('shows tags, free addresses and device indexes late', async () => {
    emulator.knobs.setLag('ec2', 3000);
    await clock.advance(1);
    await attach(await createEni());
    const { subnetId, instanceId } = instance;
    const Tags = [{ Key: 'late', Value: 'yes' }];
    await ec2.send(new CreateTagsCommand({ Resources: [subnetId], Tags }));
    const seen = async () => {
      const { Subnets } = await ec2.send(new DescribeSubnetsCommand({}));
      const command = new DescribeInstancesCommand({ InstanceIds: [instanceId] });
      const { Reservations } = await ec2.send(command);
      return [
        Subnets?.[0]?.AvailableIpAddressCount,
        Subnets?.[0]?.Tags?.length,
        Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces?.length,
      ];
    };
    expect(await seen()).toEqual([250, 0, 1]);
    await clock.advance(3000);
    expect(await seen()).toEqual([249, 1, 2]);
  });

  test('may lag in one action only', async () => {
    emulator.knobs.setLag('DescribeNetworkInterfaces', 5000);
    await clock.advance(1);
    await assign();
    expect(await describedAddresses()).toEqual(['10.0.0.4']);
    expect(await freeAddresses()).toBe(249);
    await clock.advance(5000);
    expect(await describedAddresses()).toEqual(['10.0.0.4', '10.0.0.5']);
  });

  test('acts on what is, not on what it shows', async () => {
    emulator.knobs.setLag('ec2', 60_000);
    await clock.advance(1);
    const address = await assign();
    await unassign(address);
    expect((await failureOf(unassign(address))).code).toBe('InvalidParameterValue');
  });
});
