import {
  assignIpv6Addresses,
  assignPrivateIpAddresses,
  unassignIpv6Addresses,
  unassignPrivateIpAddresses,
} from './address-operations.ts';
import {
  createSubnetCidrReservation,
  deleteSubnetCidrReservation,
  getSubnetCidrReservations,
} from './cidr-reservation-operations.ts';
import { describeInstances, describeInstanceTypes } from './describe-instances.ts';
import { describeSecurityGroups, describeSubnets, describeVpcs } from './describe-network.ts';
import { describeNetworkInterfaces } from './describe-network-interfaces.ts';
import {
  attachNetworkInterface,
  createNetworkInterface,
  deleteNetworkInterface,
  deleteSecurityGroup,
  detachNetworkInterface,
  modifyNetworkInterfaceAttribute,
} from './eni-operations.ts';
import type { Operation } from './operation.ts';
import type { Ec2Operation } from './operation-names.ts';
import { createTags, deleteTags } from './tag-operations.ts';

/** Every action that the emulator answers. */
export const operations: Readonly<Record<Ec2Operation, Operation>> = {
  AssignIpv6Addresses: assignIpv6Addresses,
  AssignPrivateIpAddresses: assignPrivateIpAddresses,
  AttachNetworkInterface: attachNetworkInterface,
  CreateNetworkInterface: createNetworkInterface,
  CreateSubnetCidrReservation: createSubnetCidrReservation,
  CreateTags: createTags,
  DeleteNetworkInterface: deleteNetworkInterface,
  DeleteSecurityGroup: deleteSecurityGroup,
  DeleteSubnetCidrReservation: deleteSubnetCidrReservation,
  DeleteTags: deleteTags,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstances: describeInstances,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DescribeSecurityGroups: describeSecurityGroups,
  DescribeSubnets: describeSubnets,
  DescribeVpcs: describeVpcs,
  DetachNetworkInterface: detachNetworkInterface,
  GetSubnetCidrReservations: getSubnetCidrReservations,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  UnassignIpv6Addresses: unassignIpv6Addresses,
  UnassignPrivateIpAddresses: unassignPrivateIpAddresses,
};

/** The action's name, when the emulator answers it. */
export const isEc2Operation = (name: string): name is Ec2Operation =>
  Object.hasOwn(operations, name);
