import {
  DescribeNetworkInterfaces$,
  type DescribeNetworkInterfacesRequest,
  type DescribeNetworkInterfacesResult,
} from '@aws-sdk/client-ec2';
import { type EniRecord, statusOf } from '../cloud/eni.ts';
import { checkNoPaging, type FilterFields, select } from './filters.ts';
import { networkInterfaceShape } from './network-interface-shape.ts';
import { operation } from './operation.ts';

// Source: EC2 API reference, DescribeNetworkInterfaces, "Filter.N".
const fields: FilterFields<EniRecord> = {
  'addresses.private-ip-address': (eni) => [eni.primaryAddress, ...eni.secondaryAddresses],
  'association.public-ip': (eni) => eni.publicAddress,
  'attachment.attachment-id': (eni) => eni.attachment?.attachmentId,
  'attachment.delete-on-termination': (eni) => textOf(eni.attachment?.deleteOnTermination),
  'attachment.device-index': (eni) => textOf(eni.attachment?.deviceIndex),
  'attachment.instance-id': (eni) => eni.attachment?.instanceId,
  'attachment.network-card-index': (eni) => textOf(eni.attachment?.networkCardIndex),
  'attachment.status': (eni) => eni.attachment?.status,
  'availability-zone': (eni) => eni.availabilityZone,
  description: (eni) => eni.description,
  'group-id': (eni) => eni.securityGroupIds,
  'interface-type': (eni) => eni.interfaceType,
  'ipv6-addresses.ipv6-address': (eni) => eni.ipv6Addresses,
  'mac-address': (eni) => eni.mac,
  'network-interface-id': (eni) => eni.eniId,
  'private-ip-address': (eni) => eni.primaryAddress,
  'source-dest-check': (eni) => textOf(eni.isSourceDestCheckOn),
  status: (eni) => statusOf(eni),
  'subnet-id': (eni) => eni.subnetId,
  'vpc-id': (eni) => eni.vpcId,
};

export const describeNetworkInterfaces = operation<
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult
>(DescribeNetworkInterfaces$, (input, { cloud }) => {
  const ids = input.NetworkInterfaceIds;
  checkNoPaging(ids, input.MaxResults, 'networkInterfaceIds');
  const page = select({
    items: ids?.length ? ids.map((id) => cloud.enis.get(id)) : cloud.enis.all.values(),
    idOf: (eni) => eni.eniId,
    tagsOf: ({ tags }) => tags,
    fields,
    filters: input.Filters,
    maxResults: input.MaxResults,
    nextToken: input.NextToken,
  });
  return {
    NetworkInterfaces: page.items.map((eni) => networkInterfaceShape(cloud, eni)),
    NextToken: page.nextToken,
  };
});

const textOf = (value: boolean | number | undefined) =>
  value === undefined ? undefined : String(value);
