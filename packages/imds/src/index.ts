// biome-ignore-all assist/source/organizeImports: two groups, users first

// For people who use the package.
export { createImds, type Imds, type ImdsOptions } from './imds.ts';
export type { InstanceFacts } from './instance-facts.ts';
export type { EniFacts } from './eni-facts.ts';
export type { InstanceNotices } from './instance-notices.ts';
export type { ReadOptions } from './read-options.ts';
export { ImdsError, type ImdsErrorCode, isImdsError } from './imds-error.ts';

// For people who build on it.
export type { Clock } from './clock.ts';
export type { ImdsTransport, MetadataRequest } from './transport.ts';
export type {
  EniId,
  InstanceId,
  Ipv4Address,
  Ipv4Cidr,
  Ipv6Address,
  Ipv6Cidr,
  SecurityGroupId,
  SubnetId,
  VpcId,
} from './metadata-text.ts';
