// The wire contract: names and numbers as the AWS VPC CNI's plugin and network policy agent have them.
import { type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { file_rpc } from './gen/rpc_pb.ts';

const fieldsOf = ({ fields }: DescMessage) =>
  fields.map((field) => {
    const { scalar, message, fieldKind } = field;
    const type = scalar === undefined ? message?.name : ScalarType[scalar].toLowerCase();
    return `${field.number} ${fieldKind === 'list' ? 'repeated ' : ''}${type} ${field.name}`;
  });

test.each([
  [
    'AddNetworkRequest',
    `1 string K8S_POD_NAME
     2 string K8S_POD_NAMESPACE
     3 string K8S_POD_INFRA_CONTAINER_ID
     4 string Netns
     5 string IfName
     6 string NetworkName
     7 string ContainerID
     8 string ClientVersion
     9 bool RequiresMultiNICAttachment`,
  ],
  [
    'IPAllocationMetadata',
    `1 string IPv4Addr
     2 string IPv6Addr
     3 int32 DeviceNumber
     4 int32 RouteTableId`,
  ],
  [
    'AddNetworkReply',
    `1 bool Success
     2 repeated IPAllocationMetadata IPAllocationMetadata
     5 bool UseExternalSNAT
     6 repeated string VPCv4CIDRs
     7 int32 PodVlanId
     8 string PodENIMAC
     9 string PodENISubnetGW
     10 int32 ParentIfIndex
     12 repeated string VPCv6CIDRs
     13 string NetworkPolicyMode`,
  ],
  [
    'DelNetworkRequest',
    `1 string K8S_POD_NAME
     2 string K8S_POD_NAMESPACE
     3 string K8S_POD_INFRA_CONTAINER_ID
     5 string Reason
     6 string IfName
     7 string NetworkName
     8 string ContainerID
     9 string ClientVersion
     10 string K8S_POD_UID`,
  ],
  [
    'DelNetworkReply',
    `1 bool Success
     2 repeated IPAllocationMetadata IPAllocationMetadata
     4 int32 PodVlanId
     6 string NetworkPolicyMode`,
  ],
  [
    'NetworkPolicyAgentConfigReply',
    `1 string NetworkPolicyMode
     2 bool MultiNICEnabled
     3 string NodeIPv4
     4 string NodeIPv6
     5 string InstanceID
     6 string Region`,
  ],
])('%s has upstream’s fields', (name, fields) => {
  const message = file_rpc.messages.find(({ typeName }) => typeName === `rpc.${name}`);
  expect(message && fieldsOf(message)).toEqual(fields.split('\n').map((line) => line.trim()));
});

test('the services have upstream’s paths', () => {
  const paths = file_rpc.services.flatMap(({ typeName, methods }) =>
    methods.map(({ name, input, output }) => [`/${typeName}/${name}`, input.name, output.name]),
  );
  expect(paths).toEqual([
    ['/rpc.CNIBackend/AddNetwork', 'AddNetworkRequest', 'AddNetworkReply'],
    ['/rpc.CNIBackend/DelNetwork', 'DelNetworkRequest', 'DelNetworkReply'],
    ['/rpc.ConfigServerBackend/GetNetworkPolicyConfigs', 'Empty', 'NetworkPolicyAgentConfigReply'],
  ]);
});
