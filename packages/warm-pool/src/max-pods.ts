import type { InstanceTypeLimits } from './limits/instance-type-limits.ts';
import { PREFIX_SIZE } from './prefix-size.ts';
import { WarmPoolError } from './warm-pool-error.ts';

/** EC2's limits of an instance type, for one network card. */
export interface InstanceLimits {
  /** Network interfaces the card takes. */
  readonly maxEnis: number;
  /** IPv4 addresses of one ENI, its primary address included. */
  readonly addressesPerEni: number;
}

/** Limits, and what else of an instance type matters for its pods; what is missing is not known. */
export type MaxPodsLimits = InstanceLimits &
  Partial<Pick<InstanceTypeLimits, 'hypervisor' | 'isBareMetal' | 'maxBranchEnis'>>;

/** How a node uses its ENIs. The default of each is what a node does that sets nothing. */
export interface MaxPodsOptions {
  /**
   * `address`: a slot of an ENI holds one address. `prefix`: it holds a /28
   * (`ENABLE_PREFIX_DELEGATION`), where the instance type can; elsewhere it still holds one address,
   * as in the reference implementation. Default `address`.
   */
  readonly assignmentMode?: 'address' | 'prefix';
  /**
   * `AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG`: pods have their own subnets, and the primary ENI serves
   * none of them. Takes one ENI by itself; do not count it in `reservedEnis` too. Default `false`.
   */
  readonly customNetworking?: boolean;
  /** ENIs that others use: tagged `no_manage`, or attached for another purpose. Default 0. */
  readonly reservedEnis?: number;
  /** `MAX_ENI`, from 1. Never raises the limit of the instance. Default: no cap. */
  readonly maxEnis?: number;
  /**
   * `ENABLE_POD_ENI`: the trunk ENI takes the slot of an ENI, where the instance type can have one
   * (where that is not known, it counts as able). Default `false`.
   */
  readonly securityGroupsForPods?: boolean;
  /**
   * Pods on branch ENIs to count, at most as many as the instance can have (if that is known). They
   * need no address of the pool, but no other pod can use their place: count those that the node
   * really runs. `all` is the limit itself, or 0 where it is not known. Needs
   * `securityGroupsForPods`. Default 0.
   */
  readonly branchPodCount?: number | 'all';
  /** Virtual CPUs of the instance. When given, no more than {@link recommendedMaxPods}. */
  readonly vcpuCount?: number;
}

/** Where a max-pods figure comes from. */
export interface PodCapacity {
  /** ENIs whose addresses pods can have. */
  readonly usableEniCount: number;
  /** Pods that addresses of these ENIs serve. */
  readonly addressCount: number;
  /** Pods counted on branch ENIs. */
  readonly branchPodCount: number;
  /** Pods in the host's network, which need no address. */
  readonly hostNetworkPodCount: number;
  /** The recommendation, when `vcpuCount` was given. */
  readonly recommendedMaxPods?: number;
  /** The sum of the three, or the recommendation when that is less. */
  readonly maxPods: number;
}

/** Addresses of one ENI that pods can have: all but its primary address. */
export const podAddressesPerEni = (limits: InstanceLimits): number =>
  Math.max(0, limits.addressesPerEni - 1);

/** Pods that live in the host's network on every node: `aws-node` and `kube-proxy`. */
const HOST_NETWORK_PODS = 2;

/**
 * How many pods a node of this type can run: the figure that Kubernetes nodes on EC2 are set up
 * with.
 *
 * Without options `ENIs × (addresses per ENI − 1) + 2`. {@link podCapacity} has the parts of the sum
 * and the formulas of the options.
 *
 * @throws {WarmPoolError} `invalid-limits`, `invalid-option`
 * @example maxPods({ maxEnis: 3, addressesPerEni: 4 }) // t3.small: 11
 * @example maxPods({ maxEnis: 3, addressesPerEni: 10 }, { assignmentMode: 'prefix', vcpuCount: 2 })
 *   // m5.large: 110
 */
export const maxPods = (limits: MaxPodsLimits, options: MaxPodsOptions = {}): number =>
  podCapacity(limits, options).maxPods;

/**
 * The parts of {@link maxPods}.
 *
 * - `usable ENIs = min(ENIs, MAX_ENI) − reserved − 1 (custom networking) − 1 (trunk ENI)`, from 0;
 * - `addresses = usable ENIs × (addresses per ENI − 1) × 16 (prefixes)`;
 * - `max-pods = min(addresses + branch pods + 2, recommendation)`.
 *
 * An upper bound from the node's side: a subnet that is small, or has no free /28, gives less.
 *
 * @throws {WarmPoolError} `invalid-limits`, `invalid-option`
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html the formula,
 *   custom networking, branch ENIs in addition, the recommendation
 * @see https://karpenter.sh/docs/reference/settings/ reserved ENIs
 */
export function podCapacity(limits: MaxPodsLimits, options: MaxPodsOptions = {}): PodCapacity {
  check(limits, options);
  const { assignmentMode, customNetworking, securityGroupsForPods, vcpuCount } = options;
  const { reservedEnis = 0, maxEnis = limits.maxEnis } = options;
  const hasTrunk = securityGroupsForPods === true && canHaveTrunk(limits);
  const takenEnis = reservedEnis + (customNetworking === true ? 1 : 0) + (hasTrunk ? 1 : 0);
  const usableEniCount = Math.max(0, Math.min(limits.maxEnis, maxEnis) - takenEnis);

  const usesPrefixes = assignmentMode === 'prefix' && canHavePrefixes(limits);
  const addressesPerSlot = usesPrefixes ? PREFIX_SIZE : 1;
  const addressCount = usableEniCount * podAddressesPerEni(limits) * addressesPerSlot;

  const branchPodCount = hasTrunk ? countedBranchPods(limits, options) : 0;
  const sum = addressCount + branchPodCount + HOST_NETWORK_PODS;
  const parts = {
    usableEniCount,
    addressCount,
    branchPodCount,
    hostNetworkPodCount: HOST_NETWORK_PODS,
  };
  if (vcpuCount === undefined) {
    return { ...parts, maxPods: sum };
  }
  const recommended = recommendedMaxPods(vcpuCount);
  return { ...parts, recommendedMaxPods: recommended, maxPods: Math.min(sum, recommended) };
}

/**
 * The most pods that a node of this size should run, however many addresses it can have: 110 below
 * 30 virtual CPUs, else 250. With IPv6 this is the only bound.
 *
 * @throws {WarmPoolError} `invalid-option` when `vcpuCount` is no positive number.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html managed node
 *   groups enforce it
 */
export function recommendedMaxPods(vcpuCount: number): 110 | 250 {
  requireWhole('vcpuCount', vcpuCount, 1, 'invalid-option');
  return vcpuCount < 30 ? 110 : 250;
}

/**
 * Whether ENIs of this type can hold prefixes: on Nitro and bare metal. Types of which nothing is
 * known count as able.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html
 */
export const canHavePrefixes = ({ hypervisor, isBareMetal }: MaxPodsLimits): boolean =>
  hypervisor === undefined || hypervisor === 'nitro' || isBareMetal === true;

/**
 * Whether instances of this type can have a trunk ENI, and so pods with security groups of their
 * own. Types of which that is not known count as able, as in the reference implementation.
 */
export const canHaveTrunk = ({ maxBranchEnis }: MaxPodsLimits): boolean => maxBranchEnis !== 0;

const countedBranchPods = (
  limits: MaxPodsLimits,
  { branchPodCount = 0 }: MaxPodsOptions,
): number =>
  branchPodCount === 'all'
    ? (limits.maxBranchEnis ?? 0)
    : Math.min(branchPodCount, limits.maxBranchEnis ?? branchPodCount);

function check(limits: MaxPodsLimits, options: MaxPodsOptions): void {
  requireWhole('maxEnis', limits.maxEnis, 1, 'invalid-limits');
  requireWhole('addressesPerEni', limits.addressesPerEni, 1, 'invalid-limits');
  if (limits.maxBranchEnis !== undefined) {
    requireWhole('maxBranchEnis', limits.maxBranchEnis, 0, 'invalid-limits');
  }
  const { assignmentMode = 'address', reservedEnis = 0, maxEnis = 1 } = options;
  const { branchPodCount = 0, securityGroupsForPods = false } = options;
  if (assignmentMode !== 'address' && assignmentMode !== 'prefix') {
    throw invalid('invalid-option', 'assignmentMode', assignmentMode, "'address' or 'prefix'");
  }
  requireWhole('reservedEnis', reservedEnis, 0, 'invalid-option');
  requireWhole('maxEnis', maxEnis, 1, 'invalid-option');
  if (branchPodCount !== 'all') {
    requireWhole('branchPodCount', branchPodCount, 0, 'invalid-option');
  }
  if (branchPodCount !== 0 && !securityGroupsForPods) {
    const expected = '0, or securityGroupsForPods to be on';
    throw invalid('invalid-option', 'branchPodCount', branchPodCount, expected);
  }
}

type MaxPodsErrorCode = 'invalid-limits' | 'invalid-option';

/** @throws {WarmPoolError} unless the value is a whole number from `least`. */
export function requireWhole(
  name: string,
  value: unknown,
  least: number,
  code: MaxPodsErrorCode,
): void {
  if (!Number.isSafeInteger(value) || Number(value) < least) {
    throw invalid(code, name, value, `a whole number from ${least}`);
  }
}

const invalid = (code: MaxPodsErrorCode, name: string, value: unknown, expected: string) =>
  new WarmPoolError(
    code,
    `reading limits and options: expected ${name} to be ${expected}, got ${value}`,
    {
      facts: { name, value: String(value) },
    },
  );
