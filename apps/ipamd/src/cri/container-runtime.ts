/** A pod sandbox, running or not, as the container runtime lists it. */
export interface Sandbox {
  /** What the runtime passes to plugins as `CNI_CONTAINERID`. */
  readonly id: string;
  readonly podNamespace: string;
  readonly podName: string;
  /** False once it has stopped; it is listed until it is removed. */
  readonly isReady: boolean;
}

/** What the daemon asks the container runtime of the node. Rejects when that does not answer in time. */
export interface ContainerRuntime {
  /** Name and version, for instance `containerd 1.6.20`. */
  describe(options: { readonly signal: AbortSignal }): Promise<string>;
  /** All sandboxes, of every network. */
  listSandboxes(options: { readonly signal: AbortSignal }): Promise<readonly Sandbox[]>;
  /** The pod's address; empty for pods in the node's network. `undefined` when the sandbox is gone. */
  addressOf(
    sandboxId: string,
    options: { readonly signal: AbortSignal },
  ): Promise<string | undefined>;
}
