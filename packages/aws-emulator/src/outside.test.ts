import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeClock, type FakeClock } from '@vpc-cni/testing';
import { emulatedVpc, failureOf } from './emulated-vpc.ts';
import type { FabricPort } from './fabric-port.ts';
import type { Eni, RunningInstance } from './snapshot.ts';

let clock: FakeClock;
let cloud: Awaited<ReturnType<typeof emulatedVpc>>;
let instance: RunningInstance;
let fabricCalls: string[];

beforeEach(async () => {
  clock = createFakeClock();
  fabricCalls = [];
  cloud = await emulatedVpc({ clock, fabric: recordingFabric() });
  const { emulator, subnetId } = cloud;
  instance = await emulator.runInstance({ subnetId, instanceType: 'm5.large', lifeCycle: 'spot' });
});
afterEach(() => cloud.close());

function recordingFabric(): FabricPort {
  const note = async (text: string) => {
    fabricCalls.push(text);
  };
  return {
    addSubnet: async () => {},
    addInstance: async () => {},
    attachEni: ({ eniId }) => note(`attach ${eniId.slice(-1)}`),
    detachEni: ({ eniId }) => note(`detach ${eniId.slice(-1)}`),
    assign: (eniId, destinations) => note(`assign ${eniId.slice(-1)} ${destinations.join(' ')}`),
    unassign: (eniId, destinations) =>
      note(`unassign ${eniId.slice(-1)} ${destinations.join(' ')}`),
    mapPublic: async () => {},
    unmapPublic: async () => {},
  };
}

const outside = () => cloud.emulator.outside;
const eni = (eniId: string) => cloud.emulator.describe().enis.find((one) => one.eniId === eniId);
const newEni = (addressCount = 2) =>
  outside().createEni({ subnetId: instance.subnetId, addressCount });
const attachedEni = async (deviceIndex = 1): Promise<Eni> => {
  const { eniId } = await newEni();
  await outside().attachEni(eniId, { instanceId: instance.instanceId, deviceIndex });
  return eni(eniId) as Eni; // just created
};

describe('others', () => {
  test('attach and detach ENIs, delays and denials or not', async () => {
    const { knobs } = cloud.emulator;
    knobs.detachDelayMs = 60_000;
    knobs.deny('ec2');
    knobs.setBucket('ec2', { burst: 0, perSecond: 0 });
    const { eniId } = await attachedEni();
    expect(eni(eniId)).toMatchObject({ status: 'in-use', deviceIndex: 1, tags: {} });
    await outside().detachEni(eniId);
    expect(eni(eniId)?.status).toBe('available');
    expect(fabricCalls.slice(-2)).toEqual(['attach 2', 'detach 2']);
    expect(cloud.emulator.journal).toEqual([]);
  });

  test('delete an ENI from under its instance', async () => {
    const { eniId } = await attachedEni();
    await outside().deleteEni(eniId);
    expect(eni(eniId)).toBeUndefined();
    expect(fabricCalls.at(-1)).toBe('detach 2');
  });

  test('assign and unassign addresses and prefixes of either family', async () => {
    const { eniId } = await attachedEni();
    await outside().assign(eniId, { prefixCount: 1 });
    await outside().unassign(eniId, ['10.0.0.6', '10.0.0.16/28']);
    expect(eni(eniId)).toMatchObject({ secondaryAddresses: ['10.0.0.7'], prefixes: [] });
    expect(fabricCalls.slice(-2)).toEqual([
      'assign 2 10.0.0.16/28',
      'unassign 2 10.0.0.6 10.0.0.16/28',
    ]);
  });

  test('move an address from one ENI to another', async () => {
    const from = await attachedEni();
    const to = await attachedEni(2);
    await outside().moveAddress('10.0.0.6', to.eniId);
    expect(eni(from.eniId)?.secondaryAddresses).toEqual(['10.0.0.7']);
    expect(eni(to.eniId)?.secondaryAddresses).toContain('10.0.0.6');
    expect(fabricCalls.slice(-2)).toEqual(['unassign 2 10.0.0.6', 'assign 3 10.0.0.6']);
  });

  test('tag, untag, and change security groups', async () => {
    const { eniId, vpcId } = await newEni();
    const { securityGroupId } = cloud.emulator.addSecurityGroup({ vpcId, name: 'pods' });
    await outside().tag(eniId, { a: '1', b: '2' });
    await outside().untag(eniId, ['a']);
    await outside().setSecurityGroups(eniId, [securityGroupId]);
    expect(eni(eniId)).toMatchObject({ tags: { b: '2' }, securityGroupIds: [securityGroupId] });
  });

  test('are refused what EC2 would refuse', async () => {
    const { eniId } = await newEni();
    const { primaryEniId } = instance;
    await expect(outside().detachEni(eniId)).rejects.toMatchObject({
      code: 'InvalidAttachmentID.NotFound',
    });
    await expect(outside().detachEni(primaryEniId)).rejects.toMatchObject({
      code: 'OperationNotPermitted',
    });
    await expect(outside().tag('eni-0abc', {})).rejects.toMatchObject({
      code: 'InvalidNetworkInterfaceID.NotFound',
    });
    expect(() => outside().occupy(instance.subnetId, ['10.0.0'])).toThrow(TypeError);
  });

  test('are seen by lagging readers as late as anybody', async () => {
    const { eniId } = await newEni();
    cloud.emulator.knobs.setLag('ec2', 5000);
    await clock.advance(1);
    await outside().tag(eniId, { late: 'yes' });
    const tags = async () => {
      const command = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [eniId] });
      return (await cloud.ec2.send(command)).NetworkInterfaces?.[0]?.TagSet?.length;
    };
    expect(await tags()).toBe(0);
    await clock.advance(5000);
    expect(await tags()).toBe(1);
  });
});

describe('a subnet that others use', () => {
  const assign = (
    input: { Ipv4PrefixCount: number } | { SecondaryPrivateIpAddressCount: number },
  ) =>
    cloud.ec2.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId: instance.primaryEniId,
        ...input,
      }),
    );

  test('can be full of addresses that make no prefix, until they go', async () => {
    const taken = outside().fragment(instance.subnetId, { wholeBlocks: 1 });
    await assign({ Ipv4PrefixCount: 1 });
    const refused = await failureOf(assign({ Ipv4PrefixCount: 1 }));
    expect(refused.code).toBe('InsufficientCidrBlocks');
    await assign({ SecondaryPrivateIpAddressCount: 1 });
    outside().vacate(instance.subnetId, taken);
    await assign({ Ipv4PrefixCount: 1 });
  });

  test('can be without a free address', async () => {
    const addresses = Array.from({ length: 250 }, (_, index) => `10.0.0.${5 + index}`);
    outside().occupy(instance.subnetId, addresses);
    expect(cloud.emulator.describe().subnets[0]?.availableAddressCount).toBe(0);
    const refused = await failureOf(assign({ SecondaryPrivateIpAddressCount: 1 }));
    expect(refused.code).toBe('InsufficientFreeAddressesInSubnet');
  });

  test('can have all but a reservation for prefixes used up', async () => {
    const { subnetId } = instance;
    const id = await outside().reserveCidr(subnetId, '10.0.0.64/28', 'prefix');
    outside().fragment(subnetId, { wholeBlocks: 14 });
    const { AssignedIpv4Prefixes } = await assign({ Ipv4PrefixCount: 1 });
    expect(AssignedIpv4Prefixes).toEqual([{ Ipv4Prefix: '10.0.0.64/28' }]);
    await outside().endReservation(id);
    await expect(outside().endReservation(id)).rejects.toMatchObject({
      code: 'InvalidSubnetCidrReservationID.NotFound',
    });
  });
});

describe('an instance that is about to go', () => {
  const state = async () => {
    const { Reservations } = await cloud.ec2.send(new DescribeInstancesCommand({}));
    const [described] = Reservations?.[0]?.Instances ?? [];
    return [described?.InstanceLifecycle, described?.State?.Name];
  };

  test('keeps its ENIs and is given no more', async () => {
    const { eniId } = await attachedEni();
    outside().beginTermination(instance.instanceId);
    expect(await state()).toEqual(['spot', 'shutting-down']);
    expect(eni(eniId)?.status).toBe('in-use');
    const { NetworkInterface } = await cloud.ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: instance.subnetId }),
    );
    const attach = cloud.ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId,
        InstanceId: instance.instanceId,
        DeviceIndex: 2,
      }),
    );
    expect((await failureOf(attach)).code).toBe('IncorrectInstanceState');
    await cloud.emulator.terminateInstance(instance.instanceId);
    expect(await state()).toEqual(['spot', 'terminated']);
    expect(eni(eniId)?.status).toBe('available');
  });

  test('ends once, however often it is told to', async () => {
    const { emulator } = cloud;
    const { instanceId } = instance;
    await Promise.all([
      emulator.terminateInstance(instanceId),
      emulator.terminateInstance(instanceId),
    ]);
    await emulator.terminateInstance(instanceId);
    expect(fabricCalls.filter((call) => call === 'detach 1')).toHaveLength(1);
  });
});
