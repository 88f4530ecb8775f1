import {
  type _InstanceType,
  DescribeInstances$,
  type DescribeInstancesRequest,
  type DescribeInstancesResult,
  DescribeInstanceTypes$,
  type DescribeInstanceTypesRequest,
  type DescribeInstanceTypesResult,
  type Instance,
  type InstanceTypeInfo,
} from '@aws-sdk/client-ec2';
import type { Cloud } from '../cloud/cloud.ts';
import type { InstanceRecord } from '../cloud/instance.ts';
import type { InstanceType } from '../cloud/instance-types.ts';
import { privateDnsName } from '../cloud/private-dns-name.ts';
import { checkNoPaging, type FilterFields, select } from './filters.ts';
import { instanceNetworkInterfaceShape, tagShapes } from './network-interface-shape.ts';
import { operation } from './operation.ts';

// Source: EC2 API reference, "InstanceState": the codes of the states.
const stateCode = { running: 16, 'shutting-down': 32, terminated: 48 } as const;

export const describeInstances = operation<DescribeInstancesRequest, DescribeInstancesResult>(
  DescribeInstances$,
  (input, { cloud }) => {
    const ids = input.InstanceIds;
    checkNoPaging(ids, input.MaxResults, 'instancesSet');
    const page = select({
      items: ids?.length ? ids.map((id) => cloud.instance(id)) : cloud.instances.values(),
      idOf: (instance) => instance.instanceId,
      tagsOf: ({ tags }) => tags,
      fields: instanceFields(cloud),
      filters: input.Filters,
      maxResults: input.MaxResults,
      nextToken: input.NextToken,
    });
    return {
      Reservations: page.items.map((instance) => ({
        ReservationId: instance.reservationId,
        OwnerId: cloud.accountId,
        Groups: [],
        Instances: [instanceShape(cloud, instance)],
      })),
      NextToken: page.nextToken,
    };
  },
);

export const describeInstanceTypes = operation<
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult
>(DescribeInstanceTypes$, (input, { cloud }) => {
  const names = input.InstanceTypes;
  checkNoPaging(names, input.MaxResults, 'instanceTypes');
  const page = select({
    items: names?.length ? names.map((name) => cloud.types.get(name)) : cloud.types.all(),
    idOf: (type) => type.instanceType,
    tagsOf: () => undefined,
    fields: typeFields,
    filters: input.Filters,
    maxResults: input.MaxResults,
    nextToken: input.NextToken,
  });
  return { InstanceTypes: page.items.map(typeShape), NextToken: page.nextToken };
});

const instanceFields = (cloud: Cloud): FilterFields<InstanceRecord> => ({
  'availability-zone': (instance) => instance.availabilityZone,
  'instance-id': (instance) => instance.instanceId,
  'instance-state-code': (instance) => String(stateCode[instance.state]),
  'instance-state-name': (instance) => instance.state,
  'instance-type': (instance) => instance.type.instanceType,
  'network-interface.network-interface-id': (instance) =>
    cloud.enis.ofInstance(instance.instanceId).map(({ eniId }) => eniId),
  'private-ip-address': (instance) => cloud.primaryEniOf(instance)?.primaryAddress,
  'subnet-id': (instance) => instance.subnetId,
  'vpc-id': (instance) => instance.vpcId,
});

const typeFields: FilterFields<InstanceType> = {
  'bare-metal': (type) => String(type.isBareMetal),
  hypervisor: (type) => type.hypervisor,
  'instance-type': (type) => type.instanceType,
};

function instanceShape(cloud: Cloud, instance: InstanceRecord): Instance {
  const enis = cloud.enis.ofInstance(instance.instanceId);
  const primary = cloud.primaryEniOf(instance);
  return {
    AmiLaunchIndex: 0,
    Architecture: 'x86_64',
    EnaSupport: instance.type.hypervisor !== 'xen',
    Hypervisor: 'xen', // what EC2 says of every type, Nitro included
    InstanceId: instance.instanceId,
    InstanceLifecycle: instance.lifeCycle === 'spot' ? 'spot' : undefined,
    InstanceType: instance.type.instanceType as _InstanceType, // a name from the catalogue
    LaunchTime: new Date(instance.launchedAtMs),
    MetadataOptions: {
      State: 'applied',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: instance.metadataHopLimit,
      HttpEndpoint: 'enabled',
    },
    NetworkInterfaces: enis.map((eni) => instanceNetworkInterfaceShape(cloud, eni)),
    Placement: { AvailabilityZone: instance.availabilityZone, Tenancy: 'default' },
    PrivateDnsName: primary === undefined ? '' : privateDnsName(cloud, primary.primaryAddress),
    PrivateIpAddress: primary?.primaryAddress,
    PublicIpAddress: primary?.publicAddress,
    SecurityGroups: primary?.securityGroupIds.map((GroupId) => ({
      GroupId,
      GroupName: cloud.network.securityGroup(GroupId).name,
    })),
    SourceDestCheck: primary?.isSourceDestCheckOn,
    State: { Code: stateCode[instance.state], Name: instance.state },
    SubnetId: instance.state === 'terminated' ? undefined : instance.subnetId,
    Tags: tagShapes(instance.tags),
    VpcId: instance.state === 'terminated' ? undefined : instance.vpcId,
  };
}

function typeShape(type: InstanceType): InstanceTypeInfo {
  const { enisPerCard } = type;
  return {
    BareMetal: type.isBareMetal,
    CurrentGeneration: type.hypervisor !== 'xen',
    Hypervisor: type.hypervisor,
    InstanceType: type.instanceType as _InstanceType, // a name from the catalogue
    MemoryInfo: { SizeInMiB: type.memoryMib },
    NetworkInfo: {
      DefaultNetworkCardIndex: 0,
      EnaSupport: type.hypervisor === 'xen' ? 'unsupported' : 'required',
      Ipv4AddressesPerInterface: type.ipv4PerEni,
      Ipv6AddressesPerInterface: type.ipv4PerEni,
      Ipv6Supported: true,
      MaximumNetworkCards: enisPerCard.length,
      // EC2 sums all cards here.
      MaximumNetworkInterfaces: enisPerCard.reduce((sum, count) => sum + count, 0),
      NetworkCards: enisPerCard.map((MaximumNetworkInterfaces, NetworkCardIndex) => ({
        NetworkCardIndex,
        MaximumNetworkInterfaces,
      })),
    },
    VCpuInfo: { DefaultVCpus: type.vcpuCount },
  };
}
