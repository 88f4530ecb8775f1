import { randomUUID } from 'node:crypto';
import { syncDeleteOnTermination, syncSecurityGroups, syncTags } from './adjust-enis.ts';
import { type AllocatedEni, type AllocateEniRequest, allocateEni } from './allocate-eni.ts';
import type { AllocatorContext } from './allocator-context.ts';
import { type AllocatorEventListener, createDegradations } from './allocator-events.ts';
import { askLimitsOnce } from './ask-limits-once.ts';
import { assignAddresses, assignIpv6Prefixes, assignPrefixes } from './assign.ts';
import { checkAllocateEniRequest, checkCount } from './check-arguments.ts';
import type { Clock } from './clock.ts';
import { type DeleteLeakedEnisRequest, deleteLeakedEnis } from './delete-leaked-enis.ts';
import { createSlotBook } from './device-slots.ts';
import type {
  EniId,
  InstanceId,
  Ipv4Address,
  Ipv4Prefix,
  Ipv6Prefix,
  SecurityGroupId,
  VpcId,
} from './ec2-ids.ts';
import { freeEni } from './free-eni.ts';
import type { InstanceLimits } from './instance-limits.ts';
import { createLimitsBook } from './limits-book.ts';
import { type CallOptions, type Ec2NetworkPort, type EniTruth, slotsHeldBy } from './ports.ts';
import type { SubnetSource } from './subnet-source.ts';
import { unassignAddresses, unassignIpv6Prefixes, unassignPrefixes } from './unassign.ts';

/**
 * Gives one instance ENIs and addresses, and takes them away again.
 *
 * All methods reject with an {@link EniAllocatorError}, with the signal's reason when the caller's
 * signal ended the call, or with a `TypeError` for an argument that makes no sense.
 */
export interface EniAllocator {
  /**
   * Creates an ENI with `addressCount` addresses or `prefixCount` prefixes for pods, attaches it to the
   * smallest free device number of the network card and lets it go with the instance. Several may
   * run at once.
   *
   * Without a `subnetId` the best subnet of the source is tried first, then the others; one that
   * refused is left alone for a while.
   *
   * Nothing is created when the card is full as far as the limits and EC2 say.
   *
   * The answer is what EC2 said; neither the metadata service nor the kernel need to know the ENI yet.
   * On failure the ENI is deleted again and the first error is thrown. When deleting it fails, too,
   * an event says so, and `deleteLeakedEnis` tries it again, as does an `allocateEni` that finds no room. When the process
   * dies, or the call is aborted, while EC2 is creating it, {@link EniAllocator.deleteLeakedEnis} finds
   * it by its tags.
   */
  allocateEni(request: AllocateEniRequest): Promise<AllocatedEni>;
  /**
   * Adds exactly `count` addresses (at least 1) of EC2's choice to the ENI and returns them.
   *
   * `address-limit-reached` means the caller's picture of the ENI is out of date: describe it.
   * After `unreachable` the addresses may have been assigned: describe it, too.
   */
  assignAddresses(
    eniId: EniId,
    count: number,
    options?: CallOptions,
  ): Promise<readonly Ipv4Address[]>;
  /** Takes addresses off the ENI. Addresses that are not on it any more are no error; repeatable. */
  unassignAddresses(
    eniId: EniId,
    addresses: readonly Ipv4Address[],
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Adds exactly `count` prefixes (at least 1) of EC2's choice to the ENI and returns them.
   *
   * `no-free-prefix` means that the subnet has no aligned block of 16 free addresses left; single
   * addresses may still be had. For the rest see {@link EniAllocator.assignAddresses}.
   */
  assignPrefixes(
    eniId: EniId,
    count: number,
    options?: CallOptions,
  ): Promise<readonly Ipv4Prefix[]>;
  /** Takes prefixes off the ENI. Prefixes that are not on it any more are no error; repeatable. */
  unassignPrefixes(
    eniId: EniId,
    prefixes: readonly Ipv4Prefix[],
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Adds exactly `count` IPv6 prefixes (/80, at least 1) of EC2's choice to the ENI and returns them.
   *
   * `no-free-prefix` means that the subnet has no free /80, `invalid-request` that it has no IPv6 CIDR at
   * all. For the rest see {@link EniAllocator.assignAddresses}.
   */
  assignIpv6Prefixes(
    eniId: EniId,
    count: number,
    options?: CallOptions,
  ): Promise<readonly Ipv6Prefix[]>;
  /** Takes IPv6 prefixes off the ENI. Prefixes that are not on it any more are no error; repeatable. */
  unassignIpv6Prefixes(
    eniId: EniId,
    prefixes: readonly Ipv6Prefix[],
    options?: CallOptions,
  ): Promise<void>;
  /**
   * Detaches the ENI, waits until EC2 lets go of it (at most 120 s) and deletes it. An ENI that is
   * gone is success; repeatable from any point.
   *
   * Refuses (`invalid-request`) the primary ENI and ENIs attached to other instances.
   */
  freeEni(eniId: EniId, options?: CallOptions): Promise<void>;
  /** What EC2 knows of the ENIs, in its own order. Those that do not exist are left out. */
  describeEnis(eniIds: readonly EniId[], options?: CallOptions): Promise<readonly EniTruth[]>;
  /** What EC2 knows of all ENIs of the instance, those among them that have no addresses (`efa-only`). */
  describeAttachedEnis(options?: CallOptions): Promise<readonly EniTruth[]>;
  /**
   * What the instance can carry: the limits the allocator was given, corrected by what EC2 allowed and
   * refused since. `undefined` when it was given none.
   */
  limits(): InstanceLimits | undefined;
  /**
   * Gives the ENIs those of our tags that they lack, and returns the ids of the changed ones. Trunk
   * ENIs keep theirs. Without permission an event says so, and nothing is thrown.
   *
   * @param enis as EC2 describes them, ours or adopted.
   * @throws {AggregateError} of what failed, after trying all.
   */
  syncTags(enis: readonly EniTruth[], options?: CallOptions): Promise<readonly EniId[]>;
  /**
   * Lets the ENIs go with the instance that do not yet, and returns the ids of the changed ones. Those
   * that somebody else created, that are not attached to this instance, or that are its primary one
   * stay as they are. Without permission an event says so, and nothing is thrown.
   *
   * `allocateEni` does this for what it attaches; a process that died in between did not.
   *
   * @throws {AggregateError} of what failed, after trying all; the next call tries it again.
   */
  syncDeleteOnTermination(
    enis: readonly EniTruth[],
    options?: CallOptions,
  ): Promise<readonly EniId[]>;
  /**
   * Gives the ENIs exactly these security groups, and returns the ids of those that had others.
   * Without permission an event says so, and nothing is thrown.
   *
   * @throws {AggregateError} of what failed, after trying all; the next call tries it again.
   * @throws {TypeError} for no groups at all, which EC2 would take for the VPC's default group.
   */
  syncSecurityGroups(
    enis: readonly EniTruth[],
    securityGroupIds: readonly SecurityGroupId[],
    options?: CallOptions,
  ): Promise<readonly EniId[]>;
  /**
   * Deletes this instance's ENIs, or the cluster's, that are attached nowhere and older than
   * `olderThanMs`, and returns their ids.
   *
   * Ours are those with our description, instance tag and, with a cluster name, cluster tag. Age is
   * counted from the `createdAt` tag; an ENI without a readable one is given it and spared. What a
   * failed `allocateEni` of this allocator left behind goes at any age. Of the cluster, see
   * {@link DeleteLeakedEnisRequest.scope}.
   *
   * @throws {AggregateError} of what failed, after trying all.
   * @throws {TypeError} for the scope `cluster` without a cluster name.
   */
  deleteLeakedEnis(request: DeleteLeakedEnisRequest): Promise<readonly EniId[]>;
}

export interface EniAllocatorOptions {
  /** EC2, wrapped in the retry, call budget, deadline and observation the caller wants. */
  readonly ec2: Ec2NetworkPort;
  readonly clock: Clock;
  /** The instance that gets the ENIs. */
  readonly instanceId: InstanceId;
  /** Adds the cluster and owner tags, which scoped-down IAM policies need. Default: none. */
  readonly clusterName?: string | undefined;
  /** The instance's VPC: sweeps of the cluster keep to it. Default: they go by tags alone. */
  readonly vpcId?: VpcId | undefined;
  /**
   * More tags for ENIs, see {@link parseAdditionalEniTags}; keys that contain `k8s.amazonaws.com` are
   * left out. Default: none.
   */
  readonly additionalTags?: Readonly<Record<string, string>> | undefined;
  /** Where ENIs go that are asked for without a subnet. Default: every request names its own. */
  readonly subnets?: SubnetSource | undefined;
  /** What the instance can carry, as far as is known beforehand. Default: nothing is known, nor learned. */
  readonly limits?: InstanceLimits | undefined;
  /**
   * As EC2 writes it: `m5.large`. When an ENI turns out to hold less than `limits` say, EC2 is asked once
   * what the type can carry. Default: refusals alone tell, of which it takes a few.
   */
  readonly instanceType?: string | undefined;
  /** Makes the token that lets EC2 recognise a repeated create. Default: a random UUID. */
  readonly newClientToken?: () => string;
  /**
   * Told of what does not work but fails no call: leaks, missing permissions. It must
   * not throw. Default: nobody is told.
   */
  readonly onEvent?: AllocatorEventListener;
}

/**
 * An allocator for one instance. EC2 is asked whenever something must be known; all it remembers of
 * ENIs is which of failed allocations are still to be deleted, and what sweeps of the cluster have seen.
 */
export function createEniAllocator(options: EniAllocatorOptions): EniAllocator {
  const { ec2, clock, instanceId, clusterName, additionalTags } = options;
  const onEvent = options.onEvent ?? (() => {});
  const limits = createLimitsBook(options.limits, onEvent);
  const degradations = createDegradations(onEvent);
  const context: AllocatorContext = {
    ec2,
    clock,
    owner: { instanceId, clusterName, additionalTags },
    newClientToken: options.newClientToken ?? randomUUID,
    subnets: options.subnets,
    subnetRecords: new Map(),
    slots: createSlotBook(instanceId, limits.now),
    limits,
    limitsOfType: askLimitsOnce(options.instanceType, ec2, degradations),
    unfinished: new Set(),
    underWay: { creating: new Set(), attaching: new Set() },
    sightings: new Map(),
    vpcId: options.vpcId,
    onEvent,
    degradations,
  };
  return {
    allocateEni: async (request) => {
      if (request.subnetId === undefined && options.subnets === undefined) {
        throw new TypeError(
          'allocateEni: expected a subnetId, as the allocator has no subnet source',
        );
      }
      checkAllocateEniRequest(request);
      return allocateEni(context, request);
    },
    assignAddresses: async (eniId, count, callOptions = {}) => {
      checkCount('count', count, 1);
      return assignAddresses(context, eniId, count, callOptions);
    },
    unassignAddresses: (eniId, addresses, callOptions = {}) =>
      unassignAddresses(context, eniId, addresses, callOptions),
    assignPrefixes: async (eniId, count, callOptions = {}) => {
      checkCount('count', count, 1);
      return assignPrefixes(context, eniId, count, callOptions);
    },
    unassignPrefixes: (eniId, prefixes, callOptions = {}) =>
      unassignPrefixes(context, eniId, prefixes, callOptions),
    assignIpv6Prefixes: async (eniId, count, callOptions = {}) => {
      checkCount('count', count, 1);
      return assignIpv6Prefixes(context, eniId, count, callOptions);
    },
    unassignIpv6Prefixes: (eniId, prefixes, callOptions = {}) =>
      unassignIpv6Prefixes(context, eniId, prefixes, callOptions),
    freeEni: (eniId, callOptions = {}) => freeEni(context, eniId, callOptions),
    describeEnis: async (eniIds, callOptions = {}) =>
      eniIds.length === 0 ? [] : describeEnis(context, eniIds, callOptions),
    describeAttachedEnis: (callOptions = {}) => ec2.describeEnis({ instanceId }, callOptions),
    limits: limits.now,
    syncTags: (enis, callOptions = {}) => syncTags(context, enis, callOptions),
    syncDeleteOnTermination: (enis, callOptions = {}) =>
      syncDeleteOnTermination(context, enis, callOptions),
    syncSecurityGroups: async (enis, securityGroupIds, callOptions = {}) => {
      checkCount('securityGroupIds', securityGroupIds.length, 1);
      return syncSecurityGroups(context, enis, securityGroupIds, callOptions);
    },
    deleteLeakedEnis: async (request) => {
      if (request.scope === 'cluster' && !clusterName) {
        throw new TypeError(
          "deleteLeakedEnis: expected an allocator with a clusterName for the scope 'cluster'",
        );
      }
      return deleteLeakedEnis(context, request);
    },
  };
}

/** What EC2 says, and what that proves of the limits. */
async function describeEnis(
  { ec2, owner, limits }: AllocatorContext,
  eniIds: readonly EniId[],
  options: CallOptions,
): Promise<readonly EniTruth[]> {
  const enis = await ec2.describeEnis({ eniIds }, options);
  for (const eni of enis) {
    if (eni.instanceId === owner.instanceId) {
      limits.note({ limit: 'addresses-per-eni', held: slotsHeldBy(eni) });
    }
  }
  return enis;
}
