import type { InstanceId, SubnetId, VpcId } from './ids.ts';
import type { InstanceType } from './instance-types.ts';
import type { Tags } from './tags.ts';

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
  state: 'running' | 'shutting-down' | 'terminated';
  readonly tags: Tags;
}
