import type { InstanceTypeLimits } from './limits/instance-type-limits.ts';
import { type MaxPodsLimits, requireWhole } from './max-pods.ts';

/** Limits that a plan keeps within; what is missing is not known. */
export type PlanLimits = MaxPodsLimits & Partial<Pick<InstanceTypeLimits, 'networkCards'>>;

/** @throws {WarmPoolError} `invalid-limits` unless there are 0 ENIs or more, of 1 address or more. */
export function checkPlanLimits({ maxEnis, addressesPerEni }: PlanLimits): void {
  requireWhole('maxEnis', maxEnis, 0, 'invalid-limits');
  requireWhole('addressesPerEni', addressesPerEni, 1, 'invalid-limits');
}
