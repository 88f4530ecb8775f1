import {
  DescribeSecurityGroups$,
  type DescribeSecurityGroupsRequest,
  type DescribeSecurityGroupsResult,
  DescribeSubnets$,
  type DescribeSubnetsRequest,
  type DescribeSubnetsResult,
  DescribeVpcs$,
  type DescribeVpcsRequest,
  type DescribeVpcsResult,
} from '@aws-sdk/client-ec2';
import type { SecurityGroupRecord, SubnetRecord, VpcRecord } from '../cloud/network.ts';
import { checkNoPaging, type FilterFields, select } from './filters.ts';
import { tagShapes } from './network-interface-shape.ts';
import { operation } from './operation.ts';

const subnetFields: FilterFields<SubnetRecord> = {
  'availability-zone': (subnet) => subnet.availabilityZone,
  availabilityZone: (subnet) => subnet.availabilityZone,
  'available-ip-address-count': (subnet) => String(subnet.addresses.freeCount),
  cidr: (subnet) => subnet.cidr,
  'cidr-block': (subnet) => subnet.cidr,
  'map-public-ip-on-launch': (subnet) => String(subnet.isPublic),
  state: () => 'available',
  'subnet-id': (subnet) => subnet.subnetId,
  'vpc-id': (subnet) => subnet.vpcId,
};

export const describeSubnets = operation<DescribeSubnetsRequest, DescribeSubnetsResult>(
  DescribeSubnets$,
  (input, { cloud }) => {
    const { network, region, accountId } = cloud;
    const ids = input.SubnetIds;
    checkNoPaging(ids, input.MaxResults, 'subnetIds');
    const page = select({
      items: ids?.length ? ids.map((id) => network.subnet(id)) : network.subnets.values(),
      idOf: (subnet) => subnet.subnetId,
      tagsOf: ({ tags }) => tags,
      fields: subnetFields,
      filters: input.Filters,
      maxResults: input.MaxResults,
      nextToken: input.NextToken,
    });
    return {
      Subnets: page.items.map((subnet) => ({
        AssignIpv6AddressOnCreation: false,
        AvailabilityZone: subnet.availabilityZone,
        AvailableIpAddressCount: subnet.addresses.freeCount,
        CidrBlock: subnet.cidr,
        DefaultForAz: false,
        Ipv6CidrBlockAssociationSet: ipv6Associations(subnet.subnetId, subnet.ipv6Cidr),
        MapPublicIpOnLaunch: subnet.isPublic,
        OwnerId: accountId,
        State: 'available' as const,
        SubnetArn: `arn:aws:ec2:${region}:${accountId}:subnet/${subnet.subnetId}`,
        SubnetId: subnet.subnetId,
        Tags: tagShapes(subnet.tags),
        VpcId: subnet.vpcId,
      })),
      NextToken: page.nextToken,
    };
  },
);

const vpcFields: FilterFields<VpcRecord> = {
  cidr: (vpc) => vpc.cidrs[0],
  'cidr-block-association.cidr-block': (vpc) => vpc.cidrs,
  'owner-id': () => undefined,
  state: () => 'available',
  'vpc-id': (vpc) => vpc.vpcId,
};

export const describeVpcs = operation<DescribeVpcsRequest, DescribeVpcsResult>(
  DescribeVpcs$,
  (input, { cloud }) => {
    const { network, accountId } = cloud;
    const ids = input.VpcIds;
    checkNoPaging(ids, input.MaxResults, 'vpcIds');
    const page = select({
      items: ids?.length ? ids.map((id) => network.vpc(id)) : network.vpcs.values(),
      idOf: (vpc) => vpc.vpcId,
      tagsOf: ({ tags }) => tags,
      fields: { ...vpcFields, 'owner-id': () => accountId },
      filters: input.Filters,
      maxResults: input.MaxResults,
      nextToken: input.NextToken,
    });
    return {
      Vpcs: page.items.map((vpc) => ({
        CidrBlock: vpc.cidrs[0],
        CidrBlockAssociationSet: vpc.cidrs.map((CidrBlock, index) => ({
          AssociationId: `vpc-cidr-assoc-${vpc.vpcId.slice('vpc-'.length)}${index}`,
          CidrBlock,
          CidrBlockState: { State: 'associated' as const },
        })),
        InstanceTenancy: 'default' as const,
        Ipv6CidrBlockAssociationSet: ipv6Associations(vpc.vpcId, vpc.ipv6Cidr),
        IsDefault: false,
        OwnerId: accountId,
        State: 'available' as const,
        Tags: tagShapes(vpc.tags),
        VpcId: vpc.vpcId,
      })),
      NextToken: page.nextToken,
    };
  },
);

const groupFields: FilterFields<SecurityGroupRecord> = {
  description: (group) => group.description,
  'group-id': (group) => group.securityGroupId,
  'group-name': (group) => group.name,
  'vpc-id': (group) => group.vpcId,
};

export const describeSecurityGroups = operation<
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult
>(DescribeSecurityGroups$, (input, { cloud }) => {
  const { network, accountId } = cloud;
  const ids = input.GroupIds;
  checkNoPaging(ids, input.MaxResults, 'groupIds');
  const page = select({
    items: ids?.length
      ? ids.map((id) => network.securityGroup(id))
      : network.securityGroups.values(),
    idOf: (group) => group.securityGroupId,
    tagsOf: ({ tags }) => tags,
    fields: groupFields,
    filters: [
      ...(input.Filters ?? []),
      ...(input.GroupNames?.length ? [{ Name: 'group-name', Values: input.GroupNames }] : []),
    ],
    maxResults: input.MaxResults,
    nextToken: input.NextToken,
  });
  return {
    SecurityGroups: page.items.map((group) => ({
      Description: group.description,
      GroupId: group.securityGroupId,
      GroupName: group.name,
      IpPermissions: [],
      IpPermissionsEgress: [],
      OwnerId: accountId,
      Tags: tagShapes(group.tags),
      VpcId: group.vpcId,
    })),
    NextToken: page.nextToken,
  };
});

const ipv6Associations = (ownerId: string, cidr: string | undefined) =>
  cidr === undefined
    ? []
    : [
        {
          AssociationId: `cidr-assoc-${ownerId.split('-')[1]}`,
          Ipv6CidrBlock: cidr,
          Ipv6CidrBlockState: { State: 'associated' as const },
        },
      ];
