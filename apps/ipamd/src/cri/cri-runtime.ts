import { createConnection } from 'node:net';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { ContainerRuntime, Sandbox } from './container-runtime.ts';
import { type PodSandbox, PodSandboxState, RuntimeService } from './gen/runtime/v1/api_pb.ts';

/** The runtime answers from memory. */
const TIMEOUT_MS = 10_000;
/** It is asked every few minutes; a connection in between is of no use. */
const IDLE_MS = 1_000;
/** As kubelet allows. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** The runtime behind a CRI socket (`runtime.v1`: containerd from 1.6, CRI-O from 1.23). */
export function createCriRuntime(
  socketPath: string,
  { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): ContainerRuntime {
  const client = createClient(
    RuntimeService,
    createGrpcTransport({
      baseUrl: 'http://localhost',
      nodeOptions: { createConnection: () => createConnection(socketPath) },
      idleConnectionTimeoutMs: IDLE_MS,
      defaultTimeoutMs: timeoutMs,
      readMaxBytes: MAX_MESSAGE_BYTES,
      // Of labels, annotations and the like nothing is kept.
      binaryOptions: { readUnknownFields: false },
    }),
  );
  return {
    describe: async (options) => {
      const { runtimeName, runtimeVersion } = await client.version({}, options);
      return `${runtimeName} ${runtimeVersion}`;
    },
    listSandboxes: async (options) => {
      const { items } = await client.listPodSandbox({}, options);
      return items.map(sandboxOf);
    },
    addressOf: async (podSandboxId, options) => {
      try {
        const { status } = await client.podSandboxStatus({ podSandboxId }, options);
        return status?.network?.ip ?? '';
      } catch (error) {
        if (ConnectError.from(error).code === Code.NotFound) return undefined;
        throw error;
      }
    },
  };
}

const sandboxOf = ({ id, metadata, state }: PodSandbox): Sandbox => ({
  id,
  podNamespace: metadata?.namespace ?? '',
  podName: metadata?.name ?? '',
  isReady: state === PodSandboxState.SANDBOX_READY,
});
