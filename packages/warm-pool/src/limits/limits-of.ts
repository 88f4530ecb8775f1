import { expandRules, type TypeFigures } from './expand-rules.ts';
import type { Hypervisor, InstanceTypeLimits } from './instance-type-limits.ts';
import { HYPERVISOR_EXCEPTIONS, INSTANCE_TYPE_RULES, XEN_FAMILIES } from './instance-type-rules.ts';

/**
 * The limits of an instance type from the built-in table.
 *
 * @returns `undefined` for a type that the table does not have: newer than `LIMITS_DATE`, or no type
 *   at all. Ask EC2 then, and give its answer to `describeInstanceTypesToLimits`.
 * @see The table gives what the reference implementation 1.23.1 and the VPC resource controller
 *   1.8.0 (branch ENIs) have built in.
 * @example limitsOf('m5.large')?.maxEnis // 3
 */
export function limitsOf(instanceType: string): InstanceTypeLimits | undefined {
  const figures = typeTable().get(instanceType);
  return figures && toLimits(instanceType, figures);
}

/** Every instance type of the built-in table, in alphabetical order. */
export const knownInstanceTypes = (): readonly string[] => [...typeTable().keys()].sort();

/** Written out once, by the first who asks: importing the module costs nothing. */
let writtenOut: ReadonlyMap<string, TypeFigures> | undefined;

function typeTable(): ReadonlyMap<string, TypeFigures> {
  writtenOut ??= expandRules(INSTANCE_TYPE_RULES);
  return writtenOut;
}

function toLimits(instanceType: string, figures: TypeFigures): InstanceTypeLimits {
  const { cardCount, maxEnis, addressesPerEni, maxBranchEnis } = figures;
  return {
    instanceType,
    maxEnis,
    addressesPerEni,
    defaultNetworkCardIndex: 0,
    networkCards: Array.from({ length: cardCount }, (_, networkCardIndex) => ({
      networkCardIndex,
      maxEnis,
    })),
    hypervisor: hypervisorOf(instanceType),
    isBareMetal: isBareMetal(instanceType),
    ...(maxBranchEnis !== undefined && { maxBranchEnis }),
  };
}

const isBareMetal = (instanceType: string): boolean => instanceType.includes('.metal');

const xenFamilies = new Set(XEN_FAMILIES.split(' '));

function hypervisorOf(instanceType: string): Hypervisor {
  const exceptions: Readonly<Record<string, Hypervisor>> = HYPERVISOR_EXCEPTIONS;
  const [family = ''] = instanceType.split('.');
  const usual = xenFamilies.has(family) ? 'xen' : 'nitro';
  return exceptions[instanceType] ?? (isBareMetal(instanceType) ? 'unknown' : usual);
}
