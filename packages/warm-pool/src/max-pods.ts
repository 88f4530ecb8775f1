/** EC2's limits of an instance type, for one network card. */
export interface InstanceLimits {
  /** Network interfaces the card takes. */
  readonly maxEnis: number;
  /** IPv4 addresses of one ENI, its primary address included. */
  readonly addressesPerEni: number;
}

/** Addresses of one ENI that pods can have: all but its primary address. */
export const podAddressesPerEni = (limits: InstanceLimits): number =>
  Math.max(0, limits.addressesPerEni - 1);

/** Pods that live in the host's network on every node and need no address of their own. */
const HOST_NETWORK_PODS = 2;

/**
 * How many pods a node of this type can run in secondary address mode: the figure that Kubernetes
 * nodes on EC2 are set up with.
 *
 * @example maxPods({ maxEnis: 3, addressesPerEni: 4 }) // t3.small: 11
 */
export const maxPods = (limits: InstanceLimits): number =>
  limits.maxEnis * podAddressesPerEni(limits) + HOST_NETWORK_PODS;
