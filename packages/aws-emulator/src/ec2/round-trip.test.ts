import { readFileSync } from 'node:fs';
import {
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  type CreateNetworkInterfaceCommandInput,
  CreateSubnetCidrReservationCommand,
  CreateTagsCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCidrReservationCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  GetSubnetCidrReservationsCommand,
  ModifyNetworkInterfaceAttributeCommand,
  UnassignIpv6AddressesCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emulatedVpc, failureOf } from '../emulated-vpc.ts';
import { ec2Operations } from './operation-names.ts';

const nodeId = 'i-00000000000000001';

let cloud: Awaited<ReturnType<typeof emulatedVpc>>;

beforeEach(async () => {
  cloud = await emulatedVpc();
  const { emulator, subnetId } = cloud;
  await emulator.runInstance({ subnetId, instanceType: 'm5.large', publicAddress: true });
});
afterEach(() => cloud.close());

async function createEni(input: CreateNetworkInterfaceCommandInput = { SubnetId: undefined }) {
  const command = new CreateNetworkInterfaceCommand({ ...input, SubnetId: cloud.subnetId });
  const { NetworkInterface: eni } = await cloud.ec2.send(command);
  return { id: String(eni?.NetworkInterfaceId), eni };
}

async function attachedEni(input?: CreateNetworkInterfaceCommandInput) {
  const { id } = await createEni(input);
  const slot = { NetworkInterfaceId: id, InstanceId: nodeId, DeviceIndex: 1 };
  const { AttachmentId } = await cloud.ec2.send(new AttachNetworkInterfaceCommand(slot));
  return { id, attachmentId: String(AttachmentId) };
}

async function describeEni(id: string) {
  const command = new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id] });
  const { NetworkInterfaces } = await cloud.ec2.send(command);
  return NetworkInterfaces?.[0];
}

const freeAddresses = async () => {
  const { Subnets } = await cloud.ec2.send(new DescribeSubnetsCommand({}));
  return Subnets?.[0]?.AvailableIpAddressCount;
};

describe('the unmodified SDK, operation by operation', () => {
  test('CreateNetworkInterface keeps every text as it is and counts its addresses', async () => {
    const tags = [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: '<i&"1\'>' }];
    const { eni } = await createEni({
      SubnetId: '',
      Description: 'aws-K8S-<&> ü',
      SecondaryPrivateIpAddressCount: 9,
      Groups: ['sg-00000000000000001'],
      ConnectionTrackingSpecification: { UdpTimeout: 60 },
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: tags }],
      ClientToken: 'once',
    });
    expect(eni).toMatchObject({
      Status: 'available',
      Description: 'aws-K8S-<&> ü',
      Groups: [{ GroupId: 'sg-00000000000000001', GroupName: 'default' }],
      ConnectionTrackingConfiguration: { UdpTimeout: 60 },
      TagSet: tags,
    });
    expect(eni?.PrivateIpAddresses?.map(({ PrivateIpAddress }) => PrivateIpAddress)).toEqual(
      Array.from({ length: 10 }, (_, i) => `10.0.0.${5 + i}`),
    );
    expect(await freeAddresses()).toBe(251 - 1 - 10);
  });

  test('CreateNetworkInterface takes given addresses, prefixes and IPv6', async () => {
    const given = await createEni({
      SubnetId: '',
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.0.77', Primary: true },
        { PrivateIpAddress: '10.0.0.99' },
      ],
      Ipv6PrefixCount: 1,
    });
    expect(given.eni?.PrivateIpAddress).toBe('10.0.0.77');
    expect(given.eni?.Ipv6Prefixes).toEqual([{ Ipv6Prefix: '2001:db8:0:1:1::/80' }]);
    const prefixed = await createEni({ SubnetId: '', Ipv4PrefixCount: 2 });
    expect(prefixed.eni?.Ipv4Prefixes).toEqual([
      { Ipv4Prefix: '10.0.0.16/28' },
      { Ipv4Prefix: '10.0.0.32/28' },
    ]);
    expect(await freeAddresses()).toBe(251 - 1 - 2 - 33);
  });

  test('CreateNetworkInterface with a known client token creates nothing new', async () => {
    const first = await createEni({ SubnetId: '', ClientToken: 't', Description: 'a' });
    const again = await createEni({ SubnetId: '', ClientToken: 't', Description: 'a' });
    expect(again.id).toBe(first.id);
    const other = await failureOf(createEni({ SubnetId: '', ClientToken: 't', Description: 'b' }));
    expect(other.code).toBe('IdempotentParameterMismatch');
    expect(cloud.emulator.describe().enis).toHaveLength(2);
  });

  test('AttachNetworkInterface, DetachNetworkInterface and DeleteNetworkInterface', async () => {
    const { id, attachmentId } = await attachedEni();
    expect(await describeEni(id)).toMatchObject({
      Status: 'in-use',
      Attachment: {
        AttachmentId: attachmentId,
        InstanceId: nodeId,
        DeviceIndex: 1,
        NetworkCardIndex: 0,
        Status: 'attached',
        DeleteOnTermination: false,
        AttachTime: expect.any(Date),
      },
    });
    await cloud.ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: attachmentId }));
    expect(await describeEni(id)).toMatchObject({ Status: 'available' });
    await cloud.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
    expect((await failureOf(describeEni(id))).code).toBe('InvalidNetworkInterfaceID.NotFound');
    expect(await freeAddresses()).toBe(250);
  });

  test('ModifyNetworkInterfaceAttribute', async () => {
    const { id: NetworkInterfaceId, attachmentId } = await attachedEni();
    const { vpcId, emulator } = cloud;
    const { securityGroupId } = emulator.addSecurityGroup({ vpcId, name: 'pods' });
    const attributes = [
      { Groups: [securityGroupId] },
      { Description: { Value: 'changed' } },
      { SourceDestCheck: { Value: false } },
      { Attachment: { AttachmentId: attachmentId, DeleteOnTermination: true } },
    ];
    for (const attribute of attributes) {
      const input = { NetworkInterfaceId, ...attribute };
      await cloud.ec2.send(new ModifyNetworkInterfaceAttributeCommand(input));
    }
    expect(await describeEni(NetworkInterfaceId)).toMatchObject({
      Groups: [{ GroupId: securityGroupId, GroupName: 'pods' }],
      Description: 'changed',
      SourceDestCheck: false,
      Attachment: { DeleteOnTermination: true },
    });
  });

  test('AssignPrivateIpAddresses and UnassignPrivateIpAddresses', async () => {
    const { id: NetworkInterfaceId } = await attachedEni();
    const byCount = await cloud.ec2.send(
      new AssignPrivateIpAddressesCommand({
        NetworkInterfaceId,
        SecondaryPrivateIpAddressCount: 2,
      }),
    );
    expect(byCount).toMatchObject({
      NetworkInterfaceId,
      AssignedPrivateIpAddresses: [
        { PrivateIpAddress: '10.0.0.6' },
        { PrivateIpAddress: '10.0.0.7' },
      ],
    });
    const byName = await cloud.ec2.send(
      new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, Ipv4Prefixes: ['10.0.0.64/28'] }),
    );
    expect(byName.AssignedIpv4Prefixes).toEqual([{ Ipv4Prefix: '10.0.0.64/28' }]);
    await cloud.ec2.send(
      new UnassignPrivateIpAddressesCommand({
        NetworkInterfaceId,
        PrivateIpAddresses: ['10.0.0.6'],
        Ipv4Prefixes: ['10.0.0.64/28'],
      }),
    );
    const eni = await describeEni(NetworkInterfaceId);
    expect(eni?.PrivateIpAddresses?.map((one) => one.PrivateIpAddress)).toEqual([
      '10.0.0.5',
      '10.0.0.7',
    ]);
    expect(eni?.Ipv4Prefixes).toEqual([]);
    expect(await freeAddresses()).toBe(251 - 3);
  });

  test('AssignPrivateIpAddresses moves an address only when told to', async () => {
    const { id: from } = await createEni({ SubnetId: '', SecondaryPrivateIpAddressCount: 1 });
    const { id: to } = await createEni();
    const input = { NetworkInterfaceId: to, PrivateIpAddresses: ['10.0.0.6'] };
    const refused = cloud.ec2.send(new AssignPrivateIpAddressesCommand(input));
    expect((await failureOf(refused)).code).toBe('InvalidIPAddress.InUse');
    const move = { ...input, AllowReassignment: true };
    await cloud.ec2.send(new AssignPrivateIpAddressesCommand(move));
    expect((await describeEni(from))?.PrivateIpAddresses).toHaveLength(1);
    expect((await describeEni(to))?.PrivateIpAddresses).toHaveLength(2);
  });

  test('AssignIpv6Addresses and UnassignIpv6Addresses', async () => {
    const { id: NetworkInterfaceId } = await attachedEni();
    const addresses = await cloud.ec2.send(
      new AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6AddressCount: 1 }),
    );
    expect(addresses.AssignedIpv6Addresses).toEqual(['2001:db8:0:1::10']);
    const prefixes = await cloud.ec2.send(
      new AssignIpv6AddressesCommand({ NetworkInterfaceId, Ipv6PrefixCount: 1 }),
    );
    expect(prefixes.AssignedIpv6Prefixes).toEqual(['2001:db8:0:1:1::/80']);
    const gone = await cloud.ec2.send(
      new UnassignIpv6AddressesCommand({
        NetworkInterfaceId,
        Ipv6Addresses: ['2001:DB8:0:1:0:0:0:10'],
        Ipv6Prefixes: ['2001:db8:0:1:1::/80'],
      }),
    );
    expect(gone).toMatchObject({
      UnassignedIpv6Addresses: ['2001:db8:0:1::10'],
      UnassignedIpv6Prefixes: ['2001:db8:0:1:1::/80'],
    });
    expect(await describeEni(NetworkInterfaceId)).toMatchObject({
      Ipv6Addresses: [],
      Ipv6Prefixes: [],
    });
  });

  test('CreateTags and DeleteTags', async () => {
    const { id } = await createEni();
    const Tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    await cloud.ec2.send(new CreateTagsCommand({ Resources: [id, cloud.subnetId], Tags }));
    await cloud.ec2.send(
      new DeleteTagsCommand({
        Resources: [id],
        Tags: [{ Key: 'a' }, { Key: 'b', Value: 'other' }],
      }),
    );
    expect((await describeEni(id))?.TagSet).toEqual([{ Key: 'b', Value: '2' }]);
    const { Subnets } = await cloud.ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'tag:a', Values: ['1'] }] }),
    );
    expect(Subnets?.map(({ SubnetId }) => SubnetId)).toEqual([cloud.subnetId]);
  });

  test('DescribeNetworkInterfaces pages and filters as a leaked-ENI sweep does', async () => {
    for (let i = 0; i < 7; i += 1) {
      const Tags = [{ Key: 'node.k8s.amazonaws.com/instance_id', Value: `i-${i}` }];
      const TagSpecifications = [{ ResourceType: 'network-interface' as const, Tags }];
      await createEni({ SubnetId: '', Description: `aws-K8S-i-${i}`, TagSpecifications });
    }
    const Filters = [
      { Name: 'status', Values: ['available'] },
      { Name: 'description', Values: ['aws-K8S-*'] },
      { Name: 'tag-key', Values: ['node.k8s.amazonaws.com/instance_id'] },
      { Name: 'vpc-id', Values: [cloud.vpcId] },
    ];
    const query = { Filters, MaxResults: 5 };
    const first = await cloud.ec2.send(new DescribeNetworkInterfacesCommand(query));
    expect(first.NetworkInterfaces).toHaveLength(5);
    const rest = await cloud.ec2.send(
      new DescribeNetworkInterfacesCommand({ ...query, NextToken: first.NextToken }),
    );
    expect(rest.NetworkInterfaces).toHaveLength(2);
    expect(rest.NextToken).toBeUndefined();
    const ofNode = await cloud.ec2.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: 'attachment.instance-id', Values: [nodeId] }],
      }),
    );
    expect(ofNode.NetworkInterfaces?.map(({ PrivateIpAddress }) => PrivateIpAddress)).toEqual([
      '10.0.0.4',
    ]);
  });

  test('DescribeInstances shows which device indexes are taken', async () => {
    await attachedEni();
    const { Reservations } = await cloud.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [nodeId] }),
    );
    const [instance] = Reservations?.[0]?.Instances ?? [];
    expect(instance).toMatchObject({
      InstanceType: 'm5.large',
      State: { Code: 16, Name: 'running' },
      PrivateIpAddress: '10.0.0.4',
      PublicIpAddress: '203.0.113.10',
    });
    expect(instance?.NetworkInterfaces?.map(({ Attachment }) => Attachment?.DeviceIndex)).toEqual([
      0, 1,
    ]);
  });

  test('DescribeInstanceTypes gives the limits of every card', async () => {
    const { InstanceTypes } = await cloud.ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ['p4d.24xlarge'] }),
    );
    expect(InstanceTypes?.[0]).toMatchObject({
      InstanceType: 'p4d.24xlarge',
      BareMetal: false,
      Hypervisor: 'nitro',
      NetworkInfo: {
        MaximumNetworkInterfaces: 60,
        MaximumNetworkCards: 4,
        Ipv4AddressesPerInterface: 50,
        DefaultNetworkCardIndex: 0,
        NetworkCards: [0, 1, 2, 3].map((NetworkCardIndex) => ({
          NetworkCardIndex,
          MaximumNetworkInterfaces: 15,
        })),
      },
    });
  });

  test('DescribeVpcs, DescribeSubnets, DescribeSecurityGroups and DeleteSecurityGroup', async () => {
    const { Vpcs } = await cloud.ec2.send(new DescribeVpcsCommand({ VpcIds: [cloud.vpcId] }));
    expect(Vpcs?.[0]?.CidrBlockAssociationSet?.map(({ CidrBlock }) => CidrBlock)).toEqual([
      '10.0.0.0/16',
      '100.64.0.0/16',
    ]);
    const { Subnets } = await cloud.ec2.send(
      new DescribeSubnetsCommand({
        Filters: [
          { Name: 'vpc-id', Values: [cloud.vpcId] },
          { Name: 'availability-zone', Values: ['us-west-2a'] },
        ],
      }),
    );
    expect(Subnets?.[0]).toMatchObject({
      CidrBlock: '10.0.0.0/24',
      AvailableIpAddressCount: 250,
      Ipv6CidrBlockAssociationSet: [{ Ipv6CidrBlock: '2001:db8:0:1::/64' }],
      Tags: [{ Key: 'kubernetes.io/role/cni', Value: '1' }],
    });
    const { vpcId, emulator } = cloud;
    const { securityGroupId } = emulator.addSecurityGroup({ vpcId, name: 'pods' });
    const query = new DescribeSecurityGroupsCommand({ GroupNames: ['pods'] });
    const { SecurityGroups } = await cloud.ec2.send(query);
    expect(SecurityGroups?.map(({ GroupId }) => GroupId)).toEqual([securityGroupId]);
    await cloud.ec2.send(new DeleteSecurityGroupCommand({ GroupId: securityGroupId }));
    expect((await cloud.ec2.send(query)).SecurityGroups).toEqual([]);
  });

  test('CreateSubnetCidrReservation, GetSubnetCidrReservations and DeleteSubnetCidrReservation', async () => {
    const { subnetId: SubnetId, ec2 } = cloud;
    const Tags = [{ Key: 'for', Value: 'pods' }];
    const { SubnetCidrReservation: made } = await ec2.send(
      new CreateSubnetCidrReservationCommand({
        SubnetId,
        Cidr: '10.0.0.64/26',
        ReservationType: 'prefix',
        Description: 'pods & more',
        TagSpecifications: [{ ResourceType: 'subnet-cidr-reservation', Tags }],
      }),
    );
    const expected = {
      SubnetCidrReservationId: 'scr-00000000000000001',
      SubnetId,
      Cidr: '10.0.0.64/26',
      ReservationType: 'prefix',
      OwnerId: '123456789012',
      Description: 'pods & more',
      Tags,
    };
    expect(made).toEqual(expected);
    const get = new GetSubnetCidrReservationsCommand({
      SubnetId,
      Filters: [{ Name: 'tag:for', Values: ['pods'] }],
    });
    expect((await ec2.send(get)).SubnetIpv4CidrReservations).toEqual([expected]);
    const { SubnetCidrReservationId } = expected;
    const gone = await ec2.send(
      new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId }),
    );
    expect(gone.DeletedSubnetCidrReservation).toMatchObject({ SubnetCidrReservationId });
    expect((await ec2.send(get)).SubnetIpv4CidrReservations).toEqual([]);
  });

  test('every action that the emulator answers has its round trip in this file', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    const untested = ec2Operations.filter((name) => !source.includes(`new ${name}Command(`));
    expect(untested).toEqual([]);
  });
});
