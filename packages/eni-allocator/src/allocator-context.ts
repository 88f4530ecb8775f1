import type { AllocatorEventListener, Degradations } from './allocator-events.ts';
import type { LimitsOfType } from './ask-limits-once.ts';
import type { SubnetRecord } from './choose-subnet.ts';
import type { Clock } from './clock.ts';
import type { SlotBook } from './device-slots.ts';
import type { EniId, SubnetId, VpcId } from './ec2-ids.ts';
import type { EniOwner } from './eni-tags.ts';
import type { LimitsBook } from './limits-book.ts';
import type { Ec2NetworkPort } from './ports.ts';
import type { SubnetSource } from './subnet-source.ts';

/** What every operation of an allocator works with. */
export interface AllocatorContext {
  readonly ec2: Ec2NetworkPort;
  readonly clock: Clock;
  readonly owner: EniOwner;
  readonly newClientToken: () => string;
  readonly slots: SlotBook;
  readonly limits: LimitsBook;
  readonly limitsOfType: LimitsOfType;
  readonly subnets: SubnetSource | undefined;
  /** What the latest creations met in each subnet. */
  readonly subnetRecords: Map<SubnetId, SubnetRecord>;
  /** ENIs of failed allocations that could not be deleted yet. */
  readonly unfinished: Set<EniId>;
  /** ENIs under way to the instance, once EC2 has answered, and until it has: no leaks. */
  readonly underWay: { readonly creating: Set<Promise<unknown>>; readonly attaching: Set<EniId> };
  /** Since when each ENI has been seen attached nowhere by every sweep of the cluster. */
  readonly sightings: Map<EniId, number>;
  /** The VPC that sweeps of the cluster keep to. */
  readonly vpcId: VpcId | undefined;
  readonly onEvent: AllocatorEventListener;
  readonly degradations: Degradations;
}
