import { EC2_ACTIONS, type Ec2Action } from './ec2-actions.ts';
import type { EniId } from './ec2-ids.ts';
import type { EniAllocatorError } from './eni-allocator-error.ts';
import type { InstanceLimits } from './instance-limits.ts';
import type { LimitFinding } from './learned-limits.ts';

/** What an operator may want to know although no call failed for it. */
export type AllocatorEvent =
  /** A failed allocation left an ENI behind, because deleting it failed as well; it is tried again. */
  | { readonly kind: 'eni-leaked'; readonly eniId: EniId; readonly error: unknown }
  /** Something optional does not work; said once, until it works again. */
  | {
      readonly kind: 'degraded';
      readonly feature: OptionalFeature;
      /** What to allow in the node's IAM role, if `error.reaction` is `permission`. */
      readonly action: Ec2Action;
      /** What is done instead. */
      readonly consequence: string;
      readonly error: EniAllocatorError;
    }
  | { readonly kind: 'restored'; readonly feature: OptionalFeature }
  /** EC2 allows more, or less, than the limits said so far. */
  | {
      readonly kind: 'limits-learned';
      readonly finding: LimitFinding;
      readonly limits: InstanceLimits;
    };

/** Told of each event as it happens. It must not throw. */
export type AllocatorEventListener = (event: AllocatorEvent) => void;

/** What the node can do without, the EC2 action it takes, and how it does without. */
const OPTIONAL_FEATURES = {
  'subnet-discovery': {
    action: EC2_ACTIONS.describeSubnets,
    consequence: 'new ENIs go to the subnets known so far, or to that of the primary ENI',
  },
  'device-numbers': {
    action: EC2_ACTIONS.describeUsedDeviceIndexes,
    consequence: 'free device numbers are found by trying, which takes more calls',
  },
  'instance-limits': {
    action: EC2_ACTIONS.describeInstanceLimits,
    consequence: 'limits are assumed, and corrected when EC2 refuses',
  },
  'eni-tags': {
    action: EC2_ACTIONS.createTags,
    consequence: 'existing ENIs keep the tags they have',
  },
  'delete-on-termination': {
    action: EC2_ACTIONS.setDeleteOnTermination,
    consequence:
      'ENIs that lack it outlive the instance, until a sweep of the cluster deletes them',
  },
  'security-groups': {
    action: EC2_ACTIONS.setSecurityGroups,
    consequence: 'existing ENIs keep the security groups they have',
  },
} as const satisfies Record<string, { readonly action: Ec2Action; readonly consequence: string }>;

export type OptionalFeature = keyof typeof OPTIONAL_FEATURES;

/** Which optional features do not work at the moment. */
export interface Degradations {
  failed(feature: OptionalFeature, error: EniAllocatorError): void;
  worked(feature: OptionalFeature): void;
}

/** Tells the listener of changes only: a call that is denied each minute is one event. */
export function createDegradations(onEvent: AllocatorEventListener): Degradations {
  const codes = new Map<OptionalFeature, EniAllocatorError['code']>();
  return {
    failed(feature, error) {
      if (codes.get(feature) !== error.code) {
        codes.set(feature, error.code);
        onEvent({ kind: 'degraded', feature, ...OPTIONAL_FEATURES[feature], error });
      }
    },
    worked(feature) {
      if (codes.delete(feature)) {
        onEvent({ kind: 'restored', feature });
      }
    },
  };
}
