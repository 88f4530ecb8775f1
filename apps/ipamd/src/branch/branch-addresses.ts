import type { AddressPort, BranchMode, HeldAddress, PodPlace, Refusal } from '@vpc-cni/plugin';
import type { BranchPod, BranchPods } from './branch-pods.ts';
import type { PodEnis } from './follow-pod-enis.ts';

/**
 * Addresses of pods that have security groups, and so ENIs, of their own: those come with the ENI, one for
 * each pod whatever it asks for, and all others are of the pool.
 */
export function branchAddresses(
  pool: AddressPort,
  {
    pods,
    podEnis,
    mode,
    nowMs,
  }: {
    readonly pods: BranchPods;
    /** Absent without `ENABLE_POD_ENI`: no more pods get one, and those that have one keep it. */
    readonly podEnis?: PodEnis | undefined;
    /** Of pods that are wired by somebody who does not say how. */
    readonly mode: BranchMode;
    readonly nowMs: () => number;
  },
): AddressPort {
  const reserve: AddressPort['reserve'] = async (key, pod, options) => {
    const known = pods.find(key);
    if (known !== undefined) return { kind: 'reserved', held: [heldOf(known)], isNew: false };
    // What no container runtime of Kubernetes asks for, nobody has given an ENI to.
    if (podEnis === undefined || pod.podName === '') return pool.reserve(key, pod, options);
    const { signal, podUid, wiring } = options;
    const found = await podEnis.find({ ...pod, podUid }, { signal });
    if (found === undefined) return pool.reserve(key, pod, options);
    if (found.kind === 'refused') return found;
    const { kind: _, address, ...eni } = found;
    const held: BranchPod = {
      key,
      address,
      branch: { ...eni, mode: wiring?.branchMode ?? mode },
      reservedAtMs: nowMs(),
      metadata: { ...pod, ...(wiring === undefined ? {} : { wiring: placeOf(wiring) }) },
    };
    try {
      await pods.hold(held);
    } catch (error) {
      return unwritable(error);
    }
    return { kind: 'reserved', held: [heldOf(held)], isNew: true };
  };

  return {
    reserve,
    find: async (key) => {
      const known = pods.find(key);
      return known === undefined ? pool.find(key) : [heldOf(known)];
    },
    identify: async (key, remembered) => {
      const { branch, addresses, ...pod } = remembered;
      if (branch === undefined) return pool.identify(key, remembered);
      const known = pods.find(key);
      if (known !== undefined) return [heldOf(known)];
      // It is somebody else's by now.
      if (pods.all().some((other) => other.branch.vlanId === branch.vlanId)) return [];
      return [{ ...pod, key, branch, address: addresses[0] }];
    },
    release: async (key) => {
      await pods.release(key);
      await pool.release(key);
    },
    list: async (networkName) => [
      ...(await pool.list(networkName)),
      ...pods
        .all()
        .filter(({ key }) => key.networkName === networkName)
        .map(heldOf),
    ],
  };
}

const heldOf = ({ key, address, branch, metadata: { podNamespace, podName } }: BranchPod) =>
  ({ key, address, branch, podNamespace, podName }) satisfies HeldAddress;

const placeOf = ({ netnsPath, vethPrefix, mtuBytes }: PodPlace) => ({
  netnsPath,
  vethPrefix,
  mtuBytes,
});

const unwritable = (error: unknown): Refusal => ({
  kind: 'refused',
  reason: 'checkpoint-unwritable',
  message: error instanceof Error ? error.message : String(error),
});
