import { canHavePrefixes, type PlanLimits, type WarmTargets } from '@vpc-cni/warm-pool';
import type { Logger } from './logger.ts';

/** What the pool hands out on this instance: single addresses, or addresses of prefixes. */
export type AssignmentMode = Required<WarmTargets>['assignmentMode'];

/** Prefixes when they are asked for and the instance type can have them; otherwise the log says so. */
export function assignmentModeFor(
  { assignmentMode = 'address' }: WarmTargets,
  limits: PlanLimits,
  log: Pick<Logger, 'warn'>,
): AssignmentMode {
  if (assignmentMode === 'prefix' && !canHavePrefixes(limits)) {
    const { hypervisor } = limits;
    log.warn(
      { variable: 'ENABLE_PREFIX_DELEGATION', hypervisor },
      'this instance type cannot have prefixes (neither Nitro nor bare metal): single addresses are used',
    );
    return 'address';
  }
  return assignmentMode;
}
