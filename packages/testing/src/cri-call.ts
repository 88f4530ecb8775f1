import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { decodeFields, encodeFields, type Field, type ProtoFields } from './proto-wire.ts';

/** A call of CRI's RuntimeService. */
export type CriCall = (method: string, request: readonly Field[]) => Promise<ProtoFields>;

/** A call that the server refused. */
export class CriError extends Error {
  override readonly name = 'CriError';
}

/** @param socketPath the runtime's gRPC socket. Each call has a connection of its own. */
export const createCriCall =
  (socketPath: string): CriCall =>
  (method, request) =>
    callUnary(socketPath, `/runtime.v1.RuntimeService/${method}`, encodeFields(request));

/** A text of an answer; empty when it is not there. */
export function textOf(fields: ProtoFields, number: number): string {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

/** A message in an answer. */
export function messageOf(fields: ProtoFields, number: number): ProtoFields {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? decodeFields(value) : new Map();
}

/** Pod sandbox as CRI names it. */
export interface SandboxName {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** PodSandboxMetadata of runtime.v1. */
export const encodeName = ({ name, namespace, uid }: SandboxName) =>
  encodeFields([
    [1, name],
    [2, uid],
    [3, namespace],
  ]);

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
