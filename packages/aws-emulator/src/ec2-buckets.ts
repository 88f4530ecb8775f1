import { type Ec2Operation, isReading } from './ec2/operation-names.ts';
import type { BucketSize } from './knobs.ts';

/**
 * The token buckets that EC2 gives an account by default, one for each action.
 *
 * Some actions have larger ones in some regions, and listing without filters or pages has a smaller
 * one; both are left out.
 *
 * @see EC2 developer guide, "Request throttling", "Request token bucket sizes and refill rates"
 */
export const ec2BucketSizeOf = (operation: Ec2Operation): BucketSize =>
  isReading(operation) ? { burst: 100, perSecond: 20 } : { burst: 50, perSecond: 5 };
