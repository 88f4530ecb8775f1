import { type AllocatorEventListener, createDegradations } from './allocator-events.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import type { InstanceLimits } from './instance-limits.ts';
import type { CallOptions, Ec2NetworkPort } from './ports.ts';

/**
 * What to begin with for a type that nobody knows: the figures of many an `.xlarge`. Give them to
 * `createEniAllocator`, and EC2's refusals correct them.
 */
export const ASSUMED_LIMITS: InstanceLimits = { maxEnis: 4, addressesPerEni: 15 };

export interface LookUpLimitsOptions extends CallOptions {
  /** As EC2 writes it: `m5.large`. */
  readonly instanceType: string;
  /** The caller's own table; asked first, as it costs no call. */
  readonly table: (instanceType: string) => InstanceLimits | undefined;
  readonly ec2: Pick<Ec2NetworkPort, 'describeInstanceLimits'>;
  /** Told when neither knows. */
  readonly onEvent?: AllocatorEventListener;
}

/**
 * What the instance type can carry: from the table, else from EC2, else {@link ASSUMED_LIMITS}, which
 * an event tells.
 *
 * @throws {EniAllocatorError} when EC2 does not answer: that may pass, and guessing would not.
 */
export async function lookUpLimits(options: LookUpLimitsOptions): Promise<InstanceLimits> {
  const { instanceType, table, ec2, onEvent = () => {}, signal } = options;
  const known = table(instanceType);
  if (known !== undefined) {
    return known;
  }
  try {
    return await ec2.describeInstanceLimits(instanceType, { signal });
  } catch (error) {
    if (!isEniAllocatorError(error) || error.reaction !== 'permission') {
      throw error;
    }
    createDegradations(onEvent).failed('instance-limits', error);
    return ASSUMED_LIMITS;
  }
}
