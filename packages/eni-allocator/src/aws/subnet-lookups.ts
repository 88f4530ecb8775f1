import type { Subnet } from '@aws-sdk/client-ec2';
import { parseSubnetId } from '../ec2-ids.ts';
import type { Ec2NetworkPort, SubnetFilter, SubnetTruth } from '../ports.ts';
import { required } from './decode-eni.ts';
import { allPages } from './pages.ts';
import type { Perform } from './perform.ts';

/** Subnets, with their free addresses and tags. */
export const subnetLookups = (perform: Perform): Pick<Ec2NetworkPort, 'describeSubnets'> => ({
  describeSubnets(filter, options = {}) {
    const call = {
      action: 'DescribeSubnets',
      doing: `describing ${wordsOf(filter)}`,
      facts: {},
    };
    const Filters = encodeFilter(filter);
    return perform(call, options, (client, sdk, http) =>
      allPages(
        (paging) => client.send(new sdk.DescribeSubnetsCommand({ Filters, ...paging }), http),
        ({ Subnets = [] }) => Subnets.map((subnet) => decodeSubnet(subnet)),
      ),
    );
  },
});

const wordsOf = (filter: SubnetFilter): string =>
  'subnetIds' in filter
    ? filter.subnetIds.join(', ')
    : `the subnets of ${filter.vpcId} in ${filter.availabilityZone}`;

const encodeFilter = (filter: SubnetFilter) =>
  'subnetIds' in filter
    ? [{ Name: 'subnet-id', Values: [...filter.subnetIds] }]
    : [
        { Name: 'vpc-id', Values: [filter.vpcId] },
        { Name: 'availability-zone', Values: [filter.availabilityZone] },
      ];

const ipv6CidrOf = ({ Ipv6CidrBlockAssociationSet = [] }: Subnet): string | undefined =>
  Ipv6CidrBlockAssociationSet.find(
    ({ Ipv6CidrBlockState }) => Ipv6CidrBlockState?.State === 'associated',
  )?.Ipv6CidrBlock;

const ipv6Members = (ipv6Cidr: string | undefined) => (ipv6Cidr === undefined ? {} : { ipv6Cidr });

const decodeSubnet = (subnet: Subnet): SubnetTruth => ({
  subnetId: parseSubnetId(required('SubnetId', subnet.SubnetId)),
  availabilityZone: required('AvailabilityZone', subnet.AvailabilityZone),
  cidr: required('CidrBlock', subnet.CidrBlock),
  ...ipv6Members(ipv6CidrOf(subnet)),
  freeAddressCount: required('AvailableIpAddressCount', subnet.AvailableIpAddressCount),
  tags: Object.fromEntries((subnet.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
});
