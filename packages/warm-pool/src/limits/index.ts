// For people who use the table.
export type { Hypervisor, InstanceTypeLimits, NetworkCardLimits } from './instance-type-limits.ts';
export { LIMITS_DATE } from './instance-type-rules.ts';
export { knownInstanceTypes, limitsOf } from './limits-of.ts';
