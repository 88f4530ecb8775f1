import type { Ec2NetworkPort } from '../ports.ts';
import { addressOperations } from './address-operations.ts';
import type { AwsEc2Options } from './aws-ec2-options.ts';
import { eniOperations } from './eni-operations.ts';
import { lookups } from './lookups.ts';
import { createPerform } from './perform.ts';
import { subnetLookups } from './subnet-lookups.ts';

/**
 * EC2 itself, through the AWS SDK, which is loaded with the first call.
 *
 * The SDK's own retries are off: stack `withRetry` and `withCallBudget` around it.
 */
export function createAwsEc2(options: AwsEc2Options): Ec2NetworkPort {
  const perform = createPerform(options);
  return {
    ...eniOperations(perform),
    ...addressOperations(perform),
    ...lookups(perform),
    ...subnetLookups(perform),
  };
}
