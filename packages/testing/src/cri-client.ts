import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { decodeFields, encodeFields, type Field, type ProtoFields } from './proto-wire.ts';

/** Pod sandbox as CRI names it. */
export interface SandboxName {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

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

/** A call that the server refused. */
export class CriError extends Error {
  override readonly name = 'CriError';
}

/** @param socketPath the runtime's gRPC socket. Each call has a connection of its own. */
export function createCriClient(socketPath: string): CriClient {
  const call = (method: string, request: readonly Field[], timeoutMs?: number) =>
    callUnary(socketPath, {
      path: `/runtime.v1.RuntimeService/${method}`,
      message: encodeFields(request),
      timeoutMs,
    });
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
  const { name, namespace, uid, attempt = 0, hostPort, labels = {}, annotations = {} } = pod;
  const metadata = encodeFields([
    [1, name],
    [2, uid],
    [3, namespace],
    [4, attempt],
  ]);
  const portMapping = encodeFields([
    [2, 80], // container port
    [3, hostPort ?? 0],
  ]);
  return encodeFields([
    [1, metadata],
    [2, name],
    ...(hostPort === undefined ? [] : [[5, portMapping] as const]),
    ...mapFields(6, labels),
    ...mapFields(7, annotations),
  ]);
}

/** A map is a message per entry, with key and value. */
const mapFields = (number: number, map: Readonly<Record<string, string>>): readonly Field[] =>
  Object.entries(map).map(([key, value]) => [
    number,
    encodeFields([
      [1, key],
      [2, value],
    ]),
  ]);

function textOf(fields: ProtoFields, number: number): string {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

const messageOf = (fields: ProtoFields, number: number): ProtoFields =>
  messagesOf(fields, number)[0] ?? new Map();

const messagesOf = (fields: ProtoFields, number: number): readonly ProtoFields[] =>
  (fields.get(number) ?? []).map((value) =>
    value instanceof Uint8Array ? decodeFields(value) : new Map(),
  );

/** One unary gRPC call: HTTP/2, a message in a frame of five bytes and its own, the status in the trailers. */
function callUnary(
  socketPath: string,
  request: {
    readonly path: string;
    readonly message: Uint8Array;
    readonly timeoutMs: number | undefined;
  },
): Promise<ProtoFields> {
  const { path, message, timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const session = connect('http://localhost', {
      createConnection: () => createConnection(socketPath),
    });
    const fail = (error: Error) => {
      session.destroy();
      reject(error);
    };
    session.once('error', fail);
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${timeoutMs}m` }),
    });
    const chunks: Buffer[] = [];
    let status: { readonly code: unknown; readonly message: string } | undefined;
    const readStatus = (headers: Readonly<Record<string, unknown>>) => {
      if (headers['grpc-status'] === undefined) return;
      const text = decodeURIComponent(String(headers['grpc-message'] ?? ''));
      status = { code: headers['grpc-status'], message: text };
    };
    stream.once('error', fail);
    stream.on('response', readStatus);
    stream.on('trailers', readStatus);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => {
      session.close();
      if (status?.code === '0') resolve(decodeFields(Buffer.concat(chunks).subarray(5)));
      else reject(new CriError(`${path}: ${status?.message ?? 'no status'}`));
    });
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([frame, message]));
  });
}
