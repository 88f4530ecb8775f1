import type { Clock } from './clock.ts';
import type { EniOwner } from './eni-tags.ts';
import type { Ec2NetworkPort } from './ports.ts';

/** What every operation of an allocator works with. */
export interface AllocatorContext {
  readonly ec2: Ec2NetworkPort;
  readonly clock: Clock;
  readonly owner: EniOwner;
  readonly newClientToken: () => string;
}
