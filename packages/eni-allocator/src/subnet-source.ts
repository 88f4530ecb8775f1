import { type AllocatorEventListener, createDegradations } from './allocator-events.ts';
import type { SubnetCandidate } from './choose-subnet.ts';
import type { Clock } from './clock.ts';
import type { SubnetId, VpcId } from './ec2-ids.ts';
import { isEniAllocatorError } from './eni-allocator-error.ts';
import type { CallOptions, Ec2NetworkPort, SubnetTruth } from './ports.ts';
import { subnetRole } from './subnet-role.ts';
import { unlessAborted } from './unless-aborted.ts';

/**
 * Where the subnets for new ENIs come from: {@link fixedSubnets}, {@link discoverSubnets}, or the
 * caller's own, as with custom networking.
 */
export interface SubnetSource {
  /** In the order of preference, all else being equal. Empty: no subnet may be used. */
  candidates(options?: CallOptions): Promise<readonly SubnetCandidate[]>;
}

/** Always the same candidates: the primary ENI's subnet, for one. */
export const fixedSubnets = (candidates: readonly SubnetCandidate[]): SubnetSource => ({
  candidates: async () => candidates,
});

export interface SubnetDiscoveryOptions {
  readonly ec2: Pick<Ec2NetworkPort, 'describeSubnets'>;
  readonly clock: Clock;
  readonly vpcId: VpcId;
  readonly availabilityZone: string;
  /** The subnet of the primary ENI: usable without a tag, and all there is while EC2 does not tell. */
  readonly primary: SubnetCandidate;
  /** Default: subnets of any cluster. */
  readonly clusterName?: string | undefined;
  /** How long EC2's answer is good for, in milliseconds. Default: 30 000. */
  readonly maxAgeMs?: number;
  /** Told when EC2 does not say which subnets there are, and when it does again. */
  readonly onEvent?: AllocatorEventListener;
}

export interface SubnetDiscovery extends SubnetSource {
  /**
   * Whether the operator excluded the subnet, so that its ENIs get no new pods. `false` if unknown. For
   * this EC2's answer is good for ten minutes.
   */
  isExcluded(subnetId: SubnetId, options?: CallOptions): Promise<boolean>;
}

const DEFAULT_MAX_AGE_MS = 30_000;
/** Tags change seldom, free addresses do not. */
const TAGS_MAX_AGE_MS = 600_000;
/** A permission that is missing will still be missing in a minute. */
const DENIED_MAX_AGE_MS = 600_000;

/**
 * The subnets of the node's VPC and zone that are tagged for it, the one with most free addresses
 * first.
 *
 * When EC2 does not answer, or may not be asked, the last answer counts on, and without one the
 * primary subnet: that is degraded, and told, but works.
 */
export function discoverSubnets(options: SubnetDiscoveryOptions): SubnetDiscovery {
  const { ec2, clock, vpcId, availabilityZone, primary, clusterName } = options;
  const maxAgeMs = options.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
  const degradations = createDegradations(options.onEvent ?? (() => {}));
  const node = { primarySubnetId: primary.subnetId, clusterName };
  let known: readonly SubnetTruth[] | undefined;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  let askAgainAtMs = Number.NEGATIVE_INFINITY;

  let asking: Promise<void> | undefined;

  const lookUp = async (
    { signal }: CallOptions,
    enoughAgeMs = maxAgeMs,
  ): Promise<readonly SubnetTruth[] | undefined> => {
    const nowMs = clock.nowMs();
    if (nowMs >= askAgainAtMs && nowMs >= answeredAtMs + enoughAgeMs) {
      // One call for all who ask meanwhile, so that none of them may end it for the others.
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      await unlessAborted(asking, signal);
    }
    return known;
  };

  const ask = async (): Promise<void> => {
    try {
      known = await ec2.describeSubnets({ vpcId, availabilityZone });
      answeredAtMs = clock.nowMs();
      degradations.worked('subnet-discovery');
    } catch (error) {
      if (!isEniAllocatorError(error)) {
        throw error;
      }
      const isDenied = error.reaction === 'permission';
      askAgainAtMs = clock.nowMs() + (isDenied ? DENIED_MAX_AGE_MS : maxAgeMs);
      degradations.failed('subnet-discovery', error);
    }
  };

  return {
    async candidates(callOptions = {}) {
      const subnets = await lookUp(callOptions);
      return subnets === undefined
        ? [primary]
        : subnets
            .filter((subnet) => subnetRole(subnet, node) === 'usable')
            .sort((a, b) => b.freeAddressCount - a.freeAddressCount);
    },
    async isExcluded(subnetId, callOptions = {}) {
      const subnets = await lookUp(callOptions, TAGS_MAX_AGE_MS);
      const subnet = subnets?.find((one) => one.subnetId === subnetId);
      return subnet !== undefined && subnetRole(subnet, node) === 'excluded';
    },
  };
}
