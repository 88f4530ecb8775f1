import {
  AssignIpv6AddressesCommand,
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateSubnetCidrReservationCommand,
  CreateTagsCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteSubnetCidrReservationCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emulatedVpc, failureOf } from '../emulated-vpc.ts';

// Ids and addresses are the same in every run: eni-…1 is the node's primary ENI at 10.0.0.4,
// eni-…2 its second at 10.0.0.5, eni-…3 is on no instance at 10.0.0.6.
const nth = (kind: string, n: number) => `${kind}-${String(n).padStart(17, '0')}`;
const [primary, second, spare] = [nth('eni', 1), nth('eni', 2), nth('eni', 3)] as const;
const [node, xenNode, subnet, otherZone] = [
  nth('i', 1),
  nth('i', 2),
  nth('subnet', 1),
  nth('subnet', 2),
] as const;

let cloud: Awaited<ReturnType<typeof emulatedVpc>>;

beforeAll(async () => {
  cloud = await emulatedVpc();
  const { emulator, ec2, subnetId, vpcId } = cloud;
  const { instanceId } = await emulator.runInstance({ subnetId, instanceType: 't3.nano' });
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId }));
  await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: subnetId }));
  await ec2.send(
    new AttachNetworkInterfaceCommand({
      NetworkInterfaceId: second,
      InstanceId: instanceId,
      DeviceIndex: 1,
    }),
  );
  await reserve('10.0.0.240/28')(ec2);
  emulator.addSubnet({ vpcId, cidr: '10.0.9.0/28', availabilityZone: 'us-west-2b' });
  await emulator.runInstance({ subnetId, instanceType: 'm4.large' });
});
afterAll(() => cloud.close());

type Send = (ec2: EC2Client) => Promise<unknown>;
interface Case {
  readonly name: string;
  readonly send: Send;
  readonly code: string;
  readonly message?: string;
  readonly status?: number;
}

const create =
  (input: ConstructorParameters<typeof CreateNetworkInterfaceCommand>[0]): Send =>
  (ec2) =>
    ec2.send(new CreateNetworkInterfaceCommand(input));
const attach =
  (
    NetworkInterfaceId: string,
    InstanceId: string,
    DeviceIndex: number,
    NetworkCardIndex = 0,
  ): Send =>
  (ec2) =>
    ec2.send(
      new AttachNetworkInterfaceCommand({
        NetworkInterfaceId,
        InstanceId,
        DeviceIndex,
        NetworkCardIndex,
      }),
    );
const assign =
  (input: ConstructorParameters<typeof AssignPrivateIpAddressesCommand>[0]): Send =>
  (ec2) =>
    ec2.send(new AssignPrivateIpAddressesCommand(input));

const reserve =
  (Cidr: string): Send =>
  (ec2) =>
    ec2.send(
      new CreateSubnetCidrReservationCommand({
        SubnetId: subnet,
        Cidr,
        ReservationType: 'explicit',
      }),
    );

const unknownIds: readonly Case[] = [
  {
    name: 'an unknown ENI',
    send: (ec2) => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: 'eni-0abc' })),
    code: 'InvalidNetworkInterfaceID.NotFound',
    message: "The networkInterface ID 'eni-0abc' does not exist",
  },
  {
    name: 'an unknown ENI in a list',
    send: (ec2) =>
      ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [primary, 'eni-0abc'] }),
      ),
    code: 'InvalidNetworkInterfaceID.NotFound',
    message: "The networkInterface ID 'eni-0abc' does not exist",
  },
  {
    name: 'an unknown attachment',
    send: (ec2) => ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: 'eni-attach-0abc' })),
    code: 'InvalidAttachmentID.NotFound',
  },
  {
    name: 'an unknown reservation',
    send: (ec2) =>
      ec2.send(new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId: 'scr-0abc' })),
    code: 'InvalidSubnetCidrReservationID.NotFound',
  },
  {
    name: 'a reservation outside the subnet',
    send: reserve('10.0.1.0/28'),
    code: 'InvalidParameterValue',
    message: '10.0.1.0/28',
  },
  {
    name: 'a reservation that is no network',
    send: reserve('10.0.0.20/26'),
    code: 'InvalidParameterValue',
    message: '10.0.0.20/26',
  },
  {
    name: 'a reservation over another',
    send: reserve('10.0.0.128/25'),
    code: 'InvalidParameterValue',
    message: 'overlaps',
  },
  {
    name: 'an unknown subnet',
    send: create({ SubnetId: 'subnet-0abc' }),
    code: 'InvalidSubnetID.NotFound',
    message: "The subnet ID 'subnet-0abc' does not exist",
  },
  {
    name: 'an unknown group',
    send: create({ SubnetId: subnet, Groups: ['sg-0abc'] }),
    code: 'InvalidGroup.NotFound',
    message: "The security group 'sg-0abc' does not exist",
  },
  {
    name: 'an unknown instance',
    send: attach(spare, 'i-0abc', 1),
    code: 'InvalidInstanceID.NotFound',
    message: "The instance ID 'i-0abc' does not exist",
  },
  {
    name: 'an unknown instance in a list',
    send: (ec2) => ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0abc'] })),
    code: 'InvalidInstanceID.NotFound',
  },
  {
    name: 'an unknown VPC',
    send: (ec2) => ec2.send(new DescribeVpcsCommand({ VpcIds: ['vpc-0abc'] })),
    code: 'InvalidVpcID.NotFound',
    message: "The vpc ID 'vpc-0abc' does not exist",
  },
  {
    name: 'an unknown subnet in a list',
    send: (ec2) => ec2.send(new DescribeSubnetsCommand({ SubnetIds: ['subnet-0abc'] })),
    code: 'InvalidSubnetID.NotFound',
  },
  {
    name: 'an unknown group in a list',
    send: (ec2) => ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: ['sg-0abc'] })),
    code: 'InvalidGroup.NotFound',
  },
  {
    name: 'an unknown instance type',
    send: (ec2) =>
      ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['z9.huge' as never] })),
    code: 'InvalidInstanceType',
  },
  {
    name: 'tags on an unknown ENI',
    send: (ec2) =>
      ec2.send(
        new CreateTagsCommand({ Resources: ['eni-0abc'], Tags: [{ Key: 'a', Value: 'b' }] }),
      ),
    code: 'InvalidNetworkInterfaceID.NotFound',
  },
  {
    name: 'tags on nonsense',
    send: (ec2) =>
      ec2.send(
        new CreateTagsCommand({ Resources: ['nonsense'], Tags: [{ Key: 'a', Value: 'b' }] }),
      ),
    code: 'InvalidID',
  },
];

const limits: readonly Case[] = [
  {
    name: 'one ENI too many',
    send: attach(spare, node, 2),
    code: 'AttachmentLimitExceeded',
    message: 'Interface count 3 exceeds the limit for t3.nano',
  },
  {
    name: 'one address too many',
    send: assign({ NetworkInterfaceId: second, SecondaryPrivateIpAddressCount: 2 }),
    code: 'PrivateIpAddressLimitExceeded',
    message: 'Number of private addresses will exceed limit.',
  },
  {
    name: 'one prefix too many',
    send: assign({ NetworkInterfaceId: second, Ipv4PrefixCount: 2 }),
    code: 'PrivateIpAddressLimitExceeded',
  },
  {
    name: 'more addresses than the subnet has',
    send: create({ SubnetId: otherZone, SecondaryPrivateIpAddressCount: 11 }),
    code: 'InsufficientFreeAddressesInSubnet',
    message: 'The specified subnet does not have enough free addresses to satisfy the request.',
  },
  {
    name: 'more prefixes than the subnet has addresses',
    send: create({ SubnetId: otherZone, Ipv4PrefixCount: 1 }),
    code: 'InvalidParameterValue',
    message: "There aren't sufficient free Ipv4 addresses or prefixes",
  },
  {
    name: 'more prefixes than the subnet has whole blocks',
    send: create({ SubnetId: subnet, Ipv4PrefixCount: 15 }),
    code: 'InsufficientCidrBlocks',
    message: 'The specified subnet does not have enough free cidr blocks to satisfy the request.',
  },
  {
    name: 'more IPv6 addresses than the type allows',
    send: (ec2) =>
      ec2.send(new AssignIpv6AddressesCommand({ NetworkInterfaceId: second, Ipv6AddressCount: 3 })),
    code: 'PrivateIpAddressLimitExceeded',
  },
];

const wrongValues: readonly Case[] = [
  {
    name: 'a missing subnet',
    send: create({ SubnetId: undefined }),
    code: 'MissingParameter',
    message: 'The request must contain the parameter subnetId',
  },
  {
    name: 'neither count nor list',
    send: assign({ NetworkInterfaceId: second }),
    code: 'MissingParameter',
  },
  {
    name: 'a count and a list',
    send: assign({
      NetworkInterfaceId: second,
      SecondaryPrivateIpAddressCount: 1,
      PrivateIpAddresses: ['10.0.0.9'],
    }),
    code: 'InvalidParameterCombination',
  },
  {
    name: 'addresses and prefixes',
    send: create({ SubnetId: subnet, SecondaryPrivateIpAddressCount: 1, Ipv4PrefixCount: 1 }),
    code: 'InvalidParameterCombination',
  },
  {
    name: 'a count of 0',
    send: assign({ NetworkInterfaceId: second, SecondaryPrivateIpAddressCount: 0 }),
    code: 'InvalidParameterValue',
  },
  {
    name: 'an address of another subnet',
    send: assign({ NetworkInterfaceId: second, PrivateIpAddresses: ['10.0.9.9'] }),
    code: 'InvalidParameterValue',
    message: "Address does not fall within the subnet's address range",
  },
  {
    name: 'an address that AWS keeps',
    send: create({ SubnetId: subnet, PrivateIpAddress: '10.0.0.3' }),
    code: 'InvalidParameterValue',
    message: "Address 10.0.0.3 is in subnet's reserved address range",
  },
  {
    name: 'an address in use',
    send: create({ SubnetId: subnet, PrivateIpAddress: '10.0.0.4' }),
    code: 'InvalidIPAddress.InUse',
    message: 'Address 10.0.0.4 is in use.',
  },
  {
    name: 'a prefix that is no /28',
    send: assign({ NetworkInterfaceId: second, Ipv4Prefixes: ['10.0.0.64/27'] }),
    code: 'InvalidParameterValue',
  },
  {
    name: 'an address that the ENI does not have',
    send: (ec2) =>
      ec2.send(
        new UnassignPrivateIpAddressesCommand({
          NetworkInterfaceId: second,
          PrivateIpAddresses: ['10.0.0.99'],
        }),
      ),
    code: 'InvalidParameterValue',
    message: `Some of the specified addresses are not assigned to interface ${second}`,
  },
  {
    name: 'to unassign the primary address',
    send: (ec2) =>
      ec2.send(
        new UnassignPrivateIpAddressesCommand({
          NetworkInterfaceId: second,
          PrivateIpAddresses: ['10.0.0.5'],
        }),
      ),
    code: 'InvalidParameterValue',
  },
  {
    name: 'IPv6 where the subnet has none',
    send: create({ SubnetId: otherZone, Ipv6AddressCount: 1 }),
    code: 'InvalidParameterValue',
  },
  {
    name: 'prefixes on a Xen type',
    send: assign({ NetworkInterfaceId: nth('eni', 4), Ipv4PrefixCount: 1 }),
    code: 'UnsupportedOperation',
  },
  {
    name: 'ids together with a page size',
    send: (ec2) =>
      ec2.send(
        new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [primary], MaxResults: 5 }),
      ),
    code: 'InvalidParameterCombination',
  },
  {
    name: 'a reserved tag key',
    send: (ec2) =>
      ec2.send(new CreateTagsCommand({ Resources: [spare], Tags: [{ Key: 'aws:x', Value: 'b' }] })),
    code: 'InvalidParameterValue',
  },
  {
    name: 'two attributes at once',
    send: (ec2) =>
      ec2.send(
        new ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: spare,
          Description: { Value: 'x' },
          SourceDestCheck: { Value: false },
        }),
      ),
    code: 'InvalidParameterCombination',
  },
  {
    name: 'no attribute',
    send: (ec2) =>
      ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: spare })),
    code: 'MissingParameter',
  },
  {
    name: 'a dry run',
    send: (ec2) =>
      ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: spare, DryRun: true })),
    code: 'DryRunOperation',
    status: 412,
  },
];

const wrongStates: readonly Case[] = [
  {
    name: 'to detach the primary ENI',
    send: (ec2) =>
      ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: nth('eni-attach', 1) })),
    code: 'OperationNotPermitted',
    message: 'The network interface at device index 0 and networkCard index 0 cannot be detached.',
  },
  {
    name: 'to delete an ENI in use',
    send: (ec2) => ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: second })),
    code: 'InvalidParameterValue',
    message: `Network interface '${second}' is currently in use.`,
  },
  {
    name: 'to attach an ENI in use',
    send: attach(second, xenNode, 1),
    code: 'InvalidNetworkInterface.InUse',
    message: `Interface: [${second}] in use.`,
  },
  {
    name: 'a device index in use',
    send: attach(spare, node, 1),
    code: 'InvalidParameterValue',
    message: `Instance '${node}' already has an interface attached at device index '1'.`,
  },
  {
    name: 'a network card that is not there',
    send: attach(spare, node, 1, 1),
    code: 'InvalidParameterValue',
  },
  {
    name: 'to delete a group in use',
    send: (ec2) => ec2.send(new DeleteSecurityGroupCommand({ GroupId: nth('sg', 2) })),
    code: 'DependencyViolation',
    message: `resource ${nth('sg', 2)} has a dependent object`,
  },
];

describe('EC2 answers in its own words', () => {
  const cases = [...unknownIds, ...limits, ...wrongValues];
  test.each(cases)('to $name: $code', async ({ send, code, message, status }) => {
    const before = cloud.emulator.describe();
    const failure = await failureOf(send(cloud.ec2));
    expect(failure.code).toBe(code);
    expect(failure.status).toBe(status ?? 400);
    expect(failure.message).toContain(message ?? '');
    expect(cloud.emulator.describe()).toEqual(before);
  });

  test.each(wrongStates)('to the attempt $name: $code', async ({ send, code, message }) => {
    const group = cloud.emulator.addSecurityGroup({ vpcId: cloud.vpcId as never, name: 'used' });
    await cloud.ec2.send(
      new ModifyNetworkInterfaceAttributeCommand({
        NetworkInterfaceId: spare,
        Groups: [nth('sg', 2), group.securityGroupId],
      }),
    );
    const before = cloud.emulator.describe();
    const failure = await failureOf(send(cloud.ec2));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(message ?? '') });
    expect(cloud.emulator.describe()).toEqual(before);
  });

  test('to attach across zones: InvalidParameterCombination', async () => {
    const { NetworkInterface: eni } = await cloud.ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: otherZone }),
    );
    const failure = await failureOf(attach(String(eni?.NetworkInterfaceId), xenNode, 1)(cloud.ec2));
    expect(failure.code).toBe('InvalidParameterCombination');
  });

  const raw = [
    {
      body: 'Action=RunInstances&Version=2016-11-15',
      code: 'InvalidAction',
      message: 'The action RunInstances is not valid for this web service.',
    },
    {
      body: 'Version=2016-11-15',
      code: 'MissingParameter',
      message: 'The request must contain the parameter Action',
    },
    { body: 'Action=toString', code: 'InvalidAction', message: 'The action toString is not valid' },
    {
      body: 'Action=DetachNetworkInterface&NetworkInterfaceId=eni-1',
      code: 'UnknownParameter',
      message: 'The parameter NetworkInterfaceId is not recognized',
    },
  ];
  test.each(raw)('to the request $body: $code', async ({ body, code, message }) => {
    const response = await fetch(cloud.url, { method: 'POST', body: new URLSearchParams(body) });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).toContain(`<Code>${code}</Code>`);
    expect(text).toContain(message);
    expect(text).toMatch(/<RequestID>[0-9a-f-]{36}<\/RequestID>/);
  });
});
