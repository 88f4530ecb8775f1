import type { Ec2Operation } from './ports.ts';

/**
 * The EC2 action behind each operation of the port, as IAM, EC2's throttling and the reference
 * implementation's metrics (label `fn`) name it.
 */
export const EC2_ACTIONS = {
  createEni: 'CreateNetworkInterface',
  attachEni: 'AttachNetworkInterface',
  setDeleteOnTermination: 'ModifyNetworkInterfaceAttribute',
  setSecurityGroups: 'ModifyNetworkInterfaceAttribute',
  assignAddresses: 'AssignPrivateIpAddresses',
  unassignAddresses: 'UnassignPrivateIpAddresses',
  assignPrefixes: 'AssignPrivateIpAddresses',
  unassignPrefixes: 'UnassignPrivateIpAddresses',
  assignIpv6Prefixes: 'AssignIpv6Addresses',
  unassignIpv6Prefixes: 'UnassignIpv6Addresses',
  detachEni: 'DetachNetworkInterface',
  deleteEni: 'DeleteNetworkInterface',
  describeEnis: 'DescribeNetworkInterfaces',
  describeUsedDeviceIndexes: 'DescribeInstances',
  describeInstanceLimits: 'DescribeInstanceTypes',
  describeSubnets: 'DescribeSubnets',
  createTags: 'CreateTags',
} as const satisfies Readonly<Record<Ec2Operation, string>>;

/** An action of EC2 that this package uses. */
export type Ec2Action = (typeof EC2_ACTIONS)[Ec2Operation];
