import type { InstanceLimits } from '../max-pods.ts';

/** What runs instances of a type; bare metal has none, and EC2 leaves it out for some old types. */
export type Hypervisor = 'nitro' | 'xen' | 'unknown';

/** One physical network card of an instance. */
export interface NetworkCardLimits {
  readonly networkCardIndex: number;
  /** ENIs that this card takes. */
  readonly maxEnis: number;
}

/**
 * EC2's networking limits of an instance type. `maxEnis` is the figure of the default network card,
 * where pods live; EC2's own total (`MaximumNetworkInterfaces`) sums all cards.
 */
export interface InstanceTypeLimits extends InstanceLimits {
  /** As EC2 writes it: `m5.large`. */
  readonly instanceType: string;
  /** The card of the primary ENI. */
  readonly defaultNetworkCardIndex: number;
  /** At least one, by index. */
  readonly networkCards: readonly NetworkCardLimits[];
  readonly hypervisor: Hypervisor;
  readonly isBareMetal: boolean;
  /**
   * Branch ENIs (pods with security groups of their own) that the instance can have; 0 when it
   * cannot have a trunk ENI. Missing when that is not known.
   */
  readonly maxBranchEnis?: number;
  /** Default number of virtual CPUs. Missing in the built-in table. */
  readonly vcpuCount?: number;
}
