import { setTimeout as sleep } from 'node:timers/promises';
import type { CriClient, SandboxConfig, SandboxListing } from '@vpc-cni/testing';
import type { SandboxSource } from '../invariants.ts';

/** A pod as somebody wants it. */
export interface PodSpec {
  readonly name: string;
  /** Port of the node that leads to the pod's port 80. */
  readonly hostPort?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A pod whose sandbox is ready and has an address. */
export interface RunningPod {
  readonly name: string;
  readonly sandboxId: string;
  readonly address: string;
}

/** What CRI is told of a pod. */
export const sandboxConfigOf = (pod: PodSpec): SandboxConfig => {
  const uid = uidOf(pod.name);
  return { ...pod, namespace: 'default', uid, labels: labelsOf(pod.name) };
};

/** What kubelet does with the sandboxes of its pods: repeats everything until it is as it should be. */
export interface Kubelet extends SandboxSource {
  /** Until the pod runs. What stands in its way is stopped, and each sandbox is a new attempt. */
  run(pod: PodSpec): Promise<RunningPod>;
  /** Until nothing is left of the pod. */
  remove(pod: { readonly name: string }): Promise<void>;
  /** Removes the sandboxes that have stopped: kubelet's garbage collection. */
  collectGarbage(): Promise<void>;
}

const LIMIT_MS = 120_000;
const RETRY_MS = 50;

export function createKubelet(cri: CriClient): Kubelet {
  const sandboxesOf = (name: string) => cri.listPodSandboxes(labelsOf(name));
  const removeSandbox = async ({ id }: SandboxListing) => {
    await cri.stopPodSandbox(id);
    await cri.removePodSandbox(id);
  };

  async function runOnce(pod: PodSpec): Promise<RunningPod> {
    const { name } = pod;
    const existing = await sandboxesOf(name);
    // Its answer may have been lost.
    const ready = existing.find(({ isReady }) => isReady);
    const readyAddress = ready && (await cri.podIp(ready.id));
    if (ready && readyAddress) return { name, sandboxId: ready.id, address: readyAddress };
    for (const { id } of existing) await cri.stopPodSandbox(id);
    const attempt = 1 + Math.max(-1, ...existing.map((sandbox) => sandbox.attempt));
    const sandboxId = await cri.runPodSandbox({ ...sandboxConfigOf(pod), attempt });
    const address = await cri.podIp(sandboxId);
    if (address === '') throw new Error(`sandbox ${sandboxId} of ${name} has no address`);
    return { name, sandboxId, address };
  }

  return {
    run: (pod) => untilDone(`pod ${pod.name} does not run`, () => runOnce(pod)),
    remove: ({ name }) =>
      untilDone(`pod ${name} stays`, async () => {
        for (const sandbox of await sandboxesOf(name)) await removeSandbox(sandbox);
      }),
    collectGarbage: () =>
      untilDone('stopped sandboxes stay', async () => {
        const stopped = (await cri.listPodSandboxes()).filter(({ isReady }) => !isReady);
        await Promise.all(stopped.map(removeSandbox));
      }),
    runningSandboxes: async () => {
      const ready = (await cri.listPodSandboxes()).filter(({ isReady }) => isReady);
      return Promise.all(
        ready.map(async ({ id }) => ({ containerId: id, address: await cri.podIp(id) })),
      );
    },
  };
}

/** The same for each life of a pod of that name: its sandboxes are told apart by their attempt. */
const uidOf = (name: string) => `uid-of-${name}`;
const labelsOf = (name: string) => ({ 'io.kubernetes.pod.uid': uidOf(name) });

async function untilDone<T>(failure: string, act: () => Promise<T>): Promise<T> {
  for (const giveUpAtMs = Date.now() + LIMIT_MS; ; ) {
    try {
      return await act();
    } catch (cause) {
      if (Date.now() > giveUpAtMs) throw new Error(failure, { cause });
      await sleep(RETRY_MS);
    }
  }
}
