import {
  createCriCall,
  encodeName,
  mapFields,
  messageOf,
  messagesOf,
  type SandboxName,
  textOf,
} from './cri-call.ts';
import { encodeFields } from './proto-wire.ts';

/** What a pod's sandbox is started with. */
export interface SandboxConfig extends SandboxName {
  /** Counts the sandboxes of one pod. Default 0. */
  readonly attempt?: number;
  /** Port of the node that leads to the pod's port 80. */
  readonly hostPort?: number;
  readonly labels?: Labels;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;

/** A sandbox that the runtime has. */
export interface SandboxListing extends SandboxName {
  readonly id: string;
  readonly attempt: number;
  readonly isReady: boolean;
}

/** The calls of the Kubernetes CRI (runtime.v1) that concern pod sandboxes. */
export interface CriClient {
  /**
   * Starts a pod's sandbox, which makes containerd call ADD.
   *
   * @param options.timeoutMs after which containerd gives up, and kills the plugin. Default: never.
   */
  runPodSandbox(pod: SandboxConfig, options?: { readonly timeoutMs: number }): Promise<string>;
  /** The pod's address; empty when it has none. */
  podIp(sandboxId: string): Promise<string>;
  /** Path of the sandbox's network namespace, as the runtime sees it. */
  netnsPath(sandboxId: string): Promise<string>;
  /** The sandbox's process, as the runtime numbers it; 0 when it has ended. */
  pid(sandboxId: string): Promise<number>;
  /** Those that have all of the labels. */
  listPodSandboxes(labels?: Labels): Promise<readonly SandboxListing[]>;
  stopPodSandbox(sandboxId: string): Promise<void>;
  removePodSandbox(sandboxId: string): Promise<void>;
  /** Whether the runtime finds its network ready. */
  isNetworkReady(): Promise<boolean>;
}

/** @param socketPath the runtime's gRPC socket. */
export function createCriClient(socketPath: string): CriClient {
  const call = createCriCall(socketPath);
  const readInfo = async (sandboxId: string): Promise<SandboxInfo> => {
    const isVerbose = 1;
    const response = await call('PodSandboxStatus', [
      [1, sandboxId],
      [2, isVerbose],
    ]);
    const info = messagesOf(response, 2).find((entry) => textOf(entry, 1) === 'info');
    return JSON.parse(textOf(info ?? new Map(), 2));
  };
  return {
    runPodSandbox: async (pod, options) =>
      textOf(await call('RunPodSandbox', [[1, configOf(pod)]], options?.timeoutMs), 1),
    podIp: async (sandboxId) => {
      const response = await call('PodSandboxStatus', [[1, sandboxId]]);
      const network = messageOf(messageOf(response, 1), 5);
      return textOf(network, 1);
    },
    netnsPath: async (sandboxId) => {
      const { namespaces } = (await readInfo(sandboxId)).runtimeSpec.linux;
      return namespaces.find(({ type }) => type === 'network')?.path ?? '';
    },
    pid: async (sandboxId) => (await readInfo(sandboxId)).pid,
    listPodSandboxes: async (labels = {}) => {
      const filter = encodeFields(mapFields(3, labels));
      return messagesOf(await call('ListPodSandbox', [[1, filter]]), 1).map((sandbox) => {
        const metadata = messageOf(sandbox, 2);
        return {
          id: textOf(sandbox, 1),
          name: textOf(metadata, 1),
          uid: textOf(metadata, 2),
          namespace: textOf(metadata, 3),
          attempt: Number(metadata.get(4)?.[0] ?? 0),
          isReady: (sandbox.get(3)?.[0] ?? 0n) === 0n,
        };
      });
    },
    stopPodSandbox: async (sandboxId) => void (await call('StopPodSandbox', [[1, sandboxId]])),
    removePodSandbox: async (sandboxId) => void (await call('RemovePodSandbox', [[1, sandboxId]])),
    isNetworkReady: async () => {
      const response = await call('Status', []);
      return messagesOf(messageOf(response, 1), 1).some(
        (condition) => textOf(condition, 1) === 'NetworkReady' && condition.get(2)?.[0] === 1n,
      );
    },
  };
}

/** What containerd tells of a sandbox beyond CRI, as far as it is used here. */
interface SandboxInfo {
  readonly pid: number;
  readonly runtimeSpec: {
    readonly linux: {
      readonly namespaces: readonly { readonly type: string; readonly path?: string }[];
    };
  };
}

/** `PodSandboxConfig`. */
function configOf(pod: SandboxConfig): Uint8Array {
  const { name, attempt, hostPort, labels = {}, annotations = {} } = pod;
  const portMapping = encodeFields([
    [2, 80], // container port
    [3, hostPort ?? 0],
  ]);
  return encodeFields([
    [1, encodeName(pod, attempt)],
    [2, name],
    ...(hostPort === undefined ? [] : [[5, portMapping] as const]),
    ...mapFields(6, labels),
    ...mapFields(7, annotations),
  ]);
}
