import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { decodeFields, encodeFields, type Field, type ProtoFields } from './proto-wire.ts';

/** Pod sandbox as CRI names it. */
export interface SandboxName {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** The calls of the Kubernetes CRI (runtime.v1) that concern pod sandboxes. */
export interface CriClient {
  /** Starts a pod's sandbox, which makes containerd call ADD. */
  runPodSandbox(pod: SandboxName & { readonly hostPort?: number }): Promise<string>;
  /** The pod's address; empty when it has none. */
  podIp(sandboxId: string): Promise<string>;
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
  const call = (method: string, request: readonly Field[]) =>
    callUnary(socketPath, `/runtime.v1.RuntimeService/${method}`, encodeFields(request));
  return {
    runPodSandbox: async ({ name, namespace, uid, hostPort }) => {
      const metadata = encodeFields([
        [1, name],
        [2, uid],
        [3, namespace],
      ]);
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

function textOf(fields: ProtoFields, number: number): string {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

function messageOf(fields: ProtoFields, number: number): ProtoFields {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? decodeFields(value) : new Map();
}

/** One unary gRPC call: HTTP/2, a message in a frame of five bytes and its own, the status in the trailers. */
function callUnary(socketPath: string, path: string, message: Uint8Array): Promise<ProtoFields> {
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
