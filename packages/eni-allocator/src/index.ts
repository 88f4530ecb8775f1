// biome-ignore-all assist/source/organizeImports: two groups, users first

// For people who use the package.
export {
  createEniAllocator,
  type EniAllocator,
  type EniAllocatorOptions,
} from './eni-allocator.ts';
export type { AllocatedEni, AllocateEniRequest, PodAddresses } from './allocate-eni.ts';
export {
  type AdditionalEniTags,
  parseAdditionalEniTags,
  type TagRefusal,
} from './additional-eni-tags.ts';
export type { DeleteLeakedEnisRequest } from './delete-leaked-enis.ts';
export {
  type EniKind,
  type EniManagement,
  type EniManagementContext,
  eniKind,
  eniManagement,
  type UnmanagedReason,
} from './eni-management.ts';
export { EC2_ERROR_TABLE, type Ec2ErrorMeaning } from './aws/ec2-error-table.ts';
export { createAwsEc2 } from './aws/aws-ec2.ts';
export type { AwsCredentials, AwsEc2Options, AwsHttpHandler } from './aws/aws-ec2-options.ts';
export { defaultRetryPolicy, type RetryPolicy, retryDelayMs, withRetry } from './with-retry.ts';
export {
  type CallBudget,
  type CallBudgetOptions,
  createCallBudget,
  defaultCallBudget,
  withCallBudget,
} from './with-call-budget.ts';
export type { BucketFigures, BucketPolicy, RateLimit, TokenBucket, Turn } from './token-bucket.ts';
export { withDeadline } from './with-deadline.ts';
export {
  discoverSubnets,
  fixedSubnets,
  type SubnetDiscovery,
  type SubnetDiscoveryOptions,
  type SubnetSource,
} from './subnet-source.ts';
export {
  chooseSubnet,
  type RestingSubnet,
  recordTrouble,
  type SubnetCandidate,
  type SubnetChoice,
  type SubnetNeed,
  type SubnetRecord,
  type SubnetRecords,
  type SubnetTrouble,
} from './choose-subnet.ts';
export { SUBNET_TAGS, type SubnetRole, subnetRole } from './subnet-role.ts';
export type {
  AllocatorEvent,
  AllocatorEventListener,
  OptionalFeature,
} from './allocator-events.ts';
export { type CallObserver, type CallOutcome, withCallObserver } from './with-call-observer.ts';
export {
  EniAllocatorError,
  type EniAllocatorErrorCode,
  ERROR_REACTIONS,
  type ErrorReaction,
  isEniAllocatorError,
} from './eni-allocator-error.ts';

// For people who build on it: another EC2, another wrapper.
export type {
  AttachEniRequest,
  AttachOutcome,
  CallOptions,
  ConnectionTracking,
  CreateEniRequest,
  DeleteOutcome,
  DetachOutcome,
  DeviceSlot,
  Ec2NetworkPort,
  Ec2Operation,
  Ec2Request,
  EniFilter,
  EniProperties,
  EniStatus,
  EniTruth,
  SubnetFilter,
  SubnetTruth,
} from './ports.ts';
export { ASSUMED_LIMITS, lookUpLimits, type LookUpLimitsOptions } from './look-up-limits.ts';
export {
  assumeLimits,
  type LearnedLimits,
  type LimitFinding,
  learnLimits,
  limitsNow,
} from './learned-limits.ts';
export type { InstanceLimits, NetworkCardLimit } from './instance-limits.ts';
export { type AroundCall, aroundEachCall } from './around-each-call.ts';
export { EC2_ACTIONS, type Ec2Action } from './ec2-actions.ts';
export type { Clock } from './clock.ts';
export {
  type EniAttachmentId,
  type EniId,
  type InstanceId,
  type Ipv4Address,
  type Ipv4Prefix,
  parseEniAttachmentId,
  parseEniId,
  parseInstanceId,
  parseIpv4Address,
  parseIpv4Prefix,
  parseSecurityGroupId,
  parseSubnetId,
  parseVpcId,
  type SecurityGroupId,
  type SubnetId,
  type VpcId,
} from './ec2-ids.ts';
export {
  ENI_DESCRIPTION_PREFIX,
  ENI_TAGS,
  type EniOwner,
  formatCreatedAt,
  parseCreatedAt,
  tagsOfExistingEni,
  tagsOfNewEni,
  tagsOfOwner,
} from './eni-tags.ts';
