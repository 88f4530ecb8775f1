import { canHavePrefixes, type PlanLimits, type WarmTargets } from '@vpc-cni/warm-pool';
import type { Logger } from './logger.ts';

/** What the pool hands out on this instance: single addresses, or addresses of prefixes. */
export type AssignmentMode = Required<WarmTargets>['assignmentMode'];

/**
 * Prefixes when they are asked for and the instance type can have them; otherwise the log says so.
 *
 * @throws {Error} when pods are to have IPv6 addresses, which come in prefixes alone.
 */
export function assignmentModeFor(
  { assignmentMode = 'address', addressFamily }: WarmTargets,
  limits: PlanLimits,
  log: Pick<Logger, 'warn'>,
): AssignmentMode {
  if (assignmentMode === 'prefix' && !canHavePrefixes(limits)) {
    const { hypervisor } = limits;
    if (addressFamily === 'ipv6') {
      throw new Error(
        `ENABLE_IPv6 is true and this instance type cannot have prefixes (its hypervisor is ${hypervisor}, neither Nitro nor bare metal): use another type`,
      );
    }
    log.warn(
      { variable: 'ENABLE_PREFIX_DELEGATION', hypervisor },
      'this instance type cannot have prefixes (neither Nitro nor bare metal): single addresses are used',
    );
    return 'address';
  }
  return assignmentMode;
}
