import type { Degradations } from './allocator-events.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import type { InstanceLimits } from './instance-limits.ts';
import type { CallOptions, Ec2NetworkPort } from './ports.ts';

/** What EC2 says the instance type can carry; `undefined` when it does not say. */
export type LimitsOfType = (options: CallOptions) => Promise<InstanceLimits | undefined>;

/** Asks EC2 for the limits of the type, until it has answered or forbidden to ask; then never again. */
export function askLimitsOnce(
  instanceType: string | undefined,
  ec2: Pick<Ec2NetworkPort, 'describeInstanceLimits'>,
  degradations: Degradations,
): LimitsOfType {
  let asked: ReturnType<LimitsOfType> | undefined;

  async function ask(type: string, options: CallOptions): ReturnType<LimitsOfType> {
    try {
      return await ec2.describeInstanceLimits(type, options);
    } catch (error) {
      if (isEniAllocatorError(error) && error.reaction === 'permission') {
        degradations.failed('instance-limits', error);
      } else {
        asked = undefined;
      }
      return undefined;
    }
  }

  return async (options) => {
    if (instanceType === undefined) {
      return undefined;
    }
    asked ??= ask(instanceType, options);
    return asked;
  };
}
