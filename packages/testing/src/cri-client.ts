import { createCriCall, encodeName, messageOf, type SandboxName, textOf } from './cri-call.ts';
import { type CriContainers, createCriContainers, encodeHostSandbox } from './cri-containers.ts';
import { decodeFields, encodeFields } from './proto-wire.ts';

/** The calls of the Kubernetes CRI (runtime.v1) that concern pod sandboxes. */
export interface CriClient {
  readonly containers: CriContainers;
  /** Starts a pod's sandbox, which makes containerd call ADD. */
  runPodSandbox(pod: SandboxName & { readonly hostPort?: number }): Promise<string>;
  /** Starts a sandbox in the node's network, for containers. */
  runHostSandbox(pod: SandboxName): Promise<string>;
  /** The pod's address; empty when it has none. */
  podIp(sandboxId: string): Promise<string>;
  stopPodSandbox(sandboxId: string): Promise<void>;
  removePodSandbox(sandboxId: string): Promise<void>;
  /** Whether the runtime finds its network ready. */
  isNetworkReady(): Promise<boolean>;
}

/** @param socketPath the runtime's gRPC socket. Each call has a connection of its own. */
export function createCriClient(socketPath: string): CriClient {
  const call = createCriCall(socketPath);
  return {
    containers: createCriContainers(call),
    runPodSandbox: async ({ name, namespace, uid, hostPort }) => {
      const metadata = encodeName({ name, namespace, uid });
      const portMapping = encodeFields([
        [2, 80], // container port
        [3, hostPort ?? 0],
      ]);
      const config = encodeFields([
        [1, metadata],
        [2, name],
        ...(hostPort === undefined ? [] : [[5, portMapping] as const]),
      ]);
      return textOf(await call('RunPodSandbox', [[1, config]]), 1);
    },
    runHostSandbox: async (pod) =>
      textOf(await call('RunPodSandbox', [[1, encodeHostSandbox(pod)]]), 1),
    podIp: async (sandboxId) => {
      const response = await call('PodSandboxStatus', [[1, sandboxId]]);
      const network = messageOf(messageOf(response, 1), 5);
      return textOf(network, 1);
    },
    stopPodSandbox: async (sandboxId) => void (await call('StopPodSandbox', [[1, sandboxId]])),
    removePodSandbox: async (sandboxId) => void (await call('RemovePodSandbox', [[1, sandboxId]])),
    isNetworkReady: async () => {
      const response = await call('Status', []);
      const conditions = messageOf(response, 1).get(1) ?? [];
      return conditions.some((condition) => {
        const fields = condition instanceof Uint8Array ? decodeFields(condition) : new Map();
        return textOf(fields, 1) === 'NetworkReady' && fields.get(2)?.[0] === 1n;
      });
    },
  };
}
