// For people who use the package.

export type {
  Action,
  ActionReason,
  AssignAddresses,
  CreateEni,
  DeleteEni,
  UnassignAddresses,
  Wait,
} from './action.ts';
export type { GrowthReason, ReturnReason } from './action-reason.ts';
// For people who build on it: the figures behind a plan.
export type { PoolFigures } from './default/figures.ts';
export type { PoolNeed } from './default/need.ts';
export { type Plan, plan } from './default/plan.ts';
export { explainAction, explainRefusal } from './explain.ts';
export {
  type DescribedInstanceType,
  type DescribedNetworkCard,
  type DescribeInstanceTypesAnswer,
  describeInstanceTypesToLimits,
} from './limits/describe-instance-types.ts';
export type {
  Hypervisor,
  InstanceTypeLimits,
  NetworkCardLimits,
} from './limits/instance-type-limits.ts';
export {
  canHavePrefixes,
  canHaveTrunk,
  type InstanceLimits,
  type MaxPodsLimits,
  type MaxPodsOptions,
  maxPods,
  type PodCapacity,
  podCapacity,
  recommendedMaxPods,
} from './max-pods.ts';
export type { PlanLimits } from './plan-limits.ts';
export type {
  EniKind,
  InFlightAction,
  PoolEni,
  PoolPrefix,
  PoolState,
  SubnetHint,
} from './pool-state.ts';
export type {
  AssignPrefixes,
  CreateEniWithPrefixes,
  UnassignPrefixes,
} from './prefix-action.ts';
export type { Refusal, RefusalReason } from './refusal.ts';
export type {
  CreateEniOnCard,
  GrowthAction,
  GrowthFailure,
} from './upstream/increase.ts';
export {
  planUpstream,
  type UpstreamAction,
  type UpstreamPlan,
  type UpstreamRefusal,
  type UpstreamState,
} from './upstream/plan-upstream.ts';
export {
  isWarmPoolError,
  WarmPoolError,
  type WarmPoolErrorCode,
  type WarmPoolErrorFacts,
} from './warm-pool-error.ts';
export { parseWarmTargets, type WarmTargets } from './warm-targets.ts';
