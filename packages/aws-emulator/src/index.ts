// For people who test against an emulated cloud.

// For people who build on it: a fabric behind the API, a clock, instance types of their own.
export type { Clock } from './clock.ts';
export { Ec2Error, type Ec2ErrorCode, isEc2Error } from './cloud/ec2-error.ts';
export type { EniStatus } from './cloud/eni.ts';
export type { AssignRequest } from './cloud/eni-addresses.ts';
export type {
  CidrReservationId,
  EniAttachmentId,
  EniId,
  InstanceId,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from './cloud/ids.ts';
export type { InstanceNotices } from './cloud/instance.ts';
export { type InstanceType, knownInstanceTypes } from './cloud/instance-types.ts';
export type { Ipv4Address, Ipv4Cidr } from './cloud/ipv4.ts';
export type { ReservationType } from './cloud/subnet-addresses.ts';
export type { Ec2Operation } from './ec2/operation-names.ts';
export { ec2BucketSizeOf } from './ec2-buckets.ts';
export {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
  type ListenOptions,
} from './emulator.ts';
export type {
  FabricEni,
  FabricInstance,
  FabricPort,
  FabricSubnet,
  PublicMapping,
} from './fabric-port.ts';
export type { IamPolicy, IamStatement } from './iam/policy.ts';
export type { InProcessCall } from './in-process.ts';
export type { JournalEntry } from './journal.ts';
export type {
  BucketSize,
  InjectedFailure,
  Knobs,
  KnobTarget,
  Moment,
  Unavailability,
} from './knobs.ts';
export type { Outside } from './outside.ts';
export type { ServiceResponse } from './service.ts';
export type {
  CloudSnapshot,
  Eni,
  Instance,
  RunningInstance,
  SecurityGroup,
  Subnet,
  Vpc,
} from './snapshot.ts';
