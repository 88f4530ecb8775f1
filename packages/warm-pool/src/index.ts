// For people who use the package.

export type {
  Action,
  ActionReason,
  AssignAddresses,
  CreateEni,
  DeleteEni,
  GrowthReason,
  Refusal,
  RefusalReason,
  UnassignAddresses,
  Wait,
} from './action.ts';
export { type InstanceLimits, maxPods } from './max-pods.ts';
// For people who build on it: the figures behind a plan.
export type { PoolNeed } from './need.ts';
export { type Plan, plan } from './plan.ts';
export type { PoolFigures } from './pool-figures.ts';
export type { InFlightAction, PoolEni, PoolState } from './pool-state.ts';
export { parseWarmTargets, type WarmTargets } from './warm-targets.ts';
