import type { CniAttachmentKey } from '@vpc-cni/ipam';
import type { BranchEni, PodIdentity, PodPlace } from '@vpc-cni/plugin';

/** A pod that has an ENI of its own, as a CNI attachment. */
export interface BranchPod {
  readonly key: CniAttachmentKey;
  /** Its ENI's. */
  readonly address: string;
  readonly branch: BranchEni;
  /** Unix milliseconds, by the daemon's clock. */
  readonly reservedAtMs: number;
  /** How it is wired is missing where others do that. */
  readonly metadata: PodIdentity & { readonly wiring?: PodPlace };
}

/** The node's pods that have ENIs of their own, in memory and on disk. */
export interface BranchPods {
  find(key: CniAttachmentKey): BranchPod | undefined;
  all(): readonly BranchPod[];
  /**
   * Resolves once it is durable; when that fails, nothing is held. Whoever had the VLAN before has lost it,
   * and DELs that come late must not take this one's down.
   */
  hold(pod: BranchPod): Promise<void>;
  /** Resolves once it is durable, also when the last release of an attachment could not be written. */
  release(key: CniAttachmentKey): Promise<void>;
}

export function createBranchPods(
  known: readonly BranchPod[],
  /** Makes {@link BranchPods.all}, as it is then or a little later, durable. */
  save: () => Promise<void>,
): BranchPods {
  const pods = new Map(known.map((pod) => [idOf(pod.key), pod]));
  let changeCount = 0;
  let savedCount = 0;

  function remove(id: string): void {
    if (pods.delete(id)) changeCount += 1;
  }

  async function saveChanges(): Promise<void> {
    const count = changeCount;
    if (savedCount >= count) return;
    await save();
    savedCount = Math.max(savedCount, count);
  }

  return {
    find: (key) => pods.get(idOf(key)),
    all: () => [...pods.values()],
    hold: async (pod) => {
      for (const [id, { branch }] of pods) if (branch.vlanId === pod.branch.vlanId) remove(id);
      const id = idOf(pod.key);
      pods.set(id, pod);
      changeCount += 1;
      try {
        await saveChanges();
      } catch (error) {
        remove(id);
        throw error;
      }
    },
    release: async (key) => {
      remove(idOf(key));
      await saveChanges();
    },
  };
}

const idOf = ({ networkName, containerId, interfaceName }: CniAttachmentKey) =>
  JSON.stringify([networkName, containerId, interfaceName]);
