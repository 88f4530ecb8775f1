import type { InstanceId, SubnetId, VpcId } from './ids.ts';
import type { InstanceType } from './instance-types.ts';
import type { Tags } from './tags.ts';

/** What an instance is told about its end, before it comes. All of it may be taken back. */
export interface InstanceNotices {
  /** EC2 is about to take a spot instance back. */
  readonly spotInterruption?: {
    readonly action: 'terminate' | 'stop' | 'hibernate';
    /** Unix milliseconds. */
    readonly atMs: number;
  };
  /** EC2 recommends to move away; Unix milliseconds of the recommendation. */
  readonly rebalanceRecommendedAtMs?: number;
  /** The state that Auto Scaling is bringing the instance to, for instance `Terminated`. */
  readonly targetLifecycleState?: string;
}

/** An instance of the model. Its ENIs point to it, not the other way round. */
export interface InstanceRecord {
  readonly instanceId: InstanceId;
  readonly reservationId: string;
  readonly type: InstanceType;
  readonly vpcId: VpcId;
  readonly subnetId: SubnetId;
  readonly availabilityZone: string;
  readonly launchedAtMs: number;
  /** Hop limit of metadata replies: 1 keeps them from reaching pods behind a routed hop. */
  readonly metadataHopLimit: number;
  readonly lifeCycle: 'on-demand' | 'spot';
  notices: InstanceNotices;
  state: 'running' | 'shutting-down' | 'terminated';
  readonly tags: Tags;
}
