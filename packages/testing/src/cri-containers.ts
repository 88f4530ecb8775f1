import {
  type CriCall,
  encodeName,
  mapFields,
  messageOf,
  type SandboxName,
  textOf,
} from './cri-call.ts';
import { encodeFields, type Field } from './proto-wire.ts';

/** A container as a kubelet describes it to the runtime. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** After the image's entrypoint. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly readOnly?: boolean;
    /** As `mountPropagation: HostToContainer`. */
    readonly follows?: boolean;
  }[];
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly privileged?: boolean;
  /** Whose it is. */
  readonly pod: SandboxName;
  /** Of its output, as `<name>.log`. */
  readonly logDirectory: string;
}

/** What a command in a container did. */
export interface ExecOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The calls of the Kubernetes CRI that concern containers, in sandboxes of the host's network. */
export interface CriContainers {
  /** Creates and starts a container with the runtime's default seccomp profile. */
  start(sandboxId: string, container: ContainerSpec): Promise<string>;
  /** The exit status; `undefined` while it runs. */
  exitCodeOf(containerId: string): Promise<number | undefined>;
  exec(containerId: string, command: readonly string[]): Promise<ExecOutcome>;
  /** SIGTERM, and SIGKILL after a number of seconds. */
  stop(containerId: string, graceSeconds: number): Promise<void>;
  remove(containerId: string): Promise<void>;
}

const STOPPED = 2n;
const HOST_TO_CONTAINER = 1;
const RUNTIME_DEFAULT = 0;

export function createCriContainers(call: CriCall): CriContainers {
  return {
    start: async (sandboxId, container) => {
      const created = await call('CreateContainer', [
        [1, sandboxId],
        [2, encodeContainer(container)],
        [3, encodeHostSandbox(container.pod, container.logDirectory)],
      ]);
      const containerId = textOf(created, 1);
      await call('StartContainer', [[1, containerId]]);
      return containerId;
    },
    exitCodeOf: async (containerId) => {
      const status = messageOf(await call('ContainerStatus', [[1, containerId]]), 1);
      if (status.get(3)?.[0] !== STOPPED) return undefined;
      return Number(status.get(7)?.[0] ?? 0n);
    },
    exec: async (containerId, command) => {
      const done = await call('ExecSync', [[1, containerId], ...repeated(2, command), [3, 20]]);
      return {
        stdout: textOf(done, 1),
        stderr: textOf(done, 2),
        exitCode: Number(done.get(3)?.[0] ?? 0n),
      };
    },
    stop: async (containerId, graceSeconds) => {
      await call('StopContainer', [
        [1, containerId],
        [2, graceSeconds],
      ]);
    },
    remove: async (containerId) => void (await call('RemoveContainer', [[1, containerId]])),
  };
}

const repeated = (number: number, values: readonly string[]) =>
  values.map((value): Field => [number, value]);

/** ContainerConfig of runtime.v1. */
function encodeContainer(container: ContainerSpec): Uint8Array {
  const { name, image, args = [], env = {}, mounts = [], capabilities = {} } = container;
  const context = encodeFields([
    [
      1,
      encodeFields([
        ...repeated(1, capabilities.add ?? []),
        ...repeated(2, capabilities.drop ?? []),
      ]),
    ],
    [2, container.privileged === true ? 1 : 0],
    [3, HOST_NETWORK],
    [15, encodeFields([[1, RUNTIME_DEFAULT]])],
  ]);
  return encodeFields([
    [1, encodeFields([[1, name]])],
    [2, encodeFields([[1, image]])],
    ...repeated(4, args),
    ...mapFields(6, env),
    ...mounts.map(
      ({ hostPath, containerPath, readOnly = false, follows = false }): Field => [
        7,
        encodeFields([
          [1, containerPath],
          [2, hostPath],
          [3, readOnly ? 1 : 0],
          [5, follows ? HOST_TO_CONTAINER : 0],
        ]),
      ],
    ),
    [11, `${name}.log`],
    [15, encodeFields([[2, context]])],
  ]);
}

const NODE = 2;
const CONTAINER = 1;
/** NamespaceOption: the node's network, and processes of its own, as a kubelet asks for. */
const HOST_NETWORK = encodeFields([
  [1, NODE],
  [2, CONTAINER],
]);

/** PodSandboxConfig of runtime.v1, for a pod in the node's network whose containers may be privileged. */
export function encodeHostSandbox(pod: SandboxName, logDirectory = ''): Uint8Array {
  const context = encodeFields([
    [1, HOST_NETWORK],
    [6, 1],
  ]);
  return encodeFields([
    [1, encodeName(pod)],
    [3, logDirectory],
    [8, encodeFields([[2, context]])],
  ]);
}
