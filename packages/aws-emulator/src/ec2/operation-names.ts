/** The EC2 actions that the emulator answers; every other one is `InvalidAction`. */
export const ec2Operations = [
  'AssignIpv6Addresses',
  'AssignPrivateIpAddresses',
  'AttachNetworkInterface',
  'CreateNetworkInterface',
  'CreateSubnetCidrReservation',
  'CreateTags',
  'DeleteNetworkInterface',
  'DeleteSecurityGroup',
  'DeleteSubnetCidrReservation',
  'DeleteTags',
  'DescribeInstanceTypes',
  'DescribeInstances',
  'DescribeNetworkInterfaces',
  'DescribeSecurityGroups',
  'DescribeSubnets',
  'DescribeVpcs',
  'DetachNetworkInterface',
  'GetSubnetCidrReservations',
  'ModifyNetworkInterfaceAttribute',
  'UnassignIpv6Addresses',
  'UnassignPrivateIpAddresses',
] as const;

/** An EC2 action that the emulator answers. */
export type Ec2Operation = (typeof ec2Operations)[number];

/** Whether an action only looks. EC2 tells the two kinds apart by their names, too. */
export const isReading = (operation: Ec2Operation): boolean => /^(Describe|Get)/.test(operation);
