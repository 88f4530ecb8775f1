import { connect } from 'node:http2';
import { createConnection } from 'node:net';
import { decodeFields, encodeFields, type Field, type ProtoFields } from './proto-wire.ts';

/** A call of CRI's RuntimeService. @param timeoutMs after which the server gives up. Default: never. */
export type CriCall = (
  method: string,
  request: readonly Field[],
  timeoutMs?: number,
) => Promise<ProtoFields>;

/** A call that the server refused. */
export class CriError extends Error {
  override readonly name = 'CriError';
}

/** @param socketPath the runtime's gRPC socket. Each call has a connection of its own. */
export const createCriCall =
  (socketPath: string): CriCall =>
  (method, request, timeoutMs) =>
    callUnary(socketPath, {
      path: `/runtime.v1.RuntimeService/${method}`,
      message: encodeFields(request),
      timeoutMs,
    });

/** A text of an answer; empty when it is not there. */
export function textOf(fields: ProtoFields, number: number): string {
  const value = fields.get(number)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

/** The first message of an answer's field. */
export const messageOf = (fields: ProtoFields, number: number): ProtoFields =>
  messagesOf(fields, number)[0] ?? new Map();

/** All messages of an answer's field. */
export const messagesOf = (fields: ProtoFields, number: number): readonly ProtoFields[] =>
  (fields.get(number) ?? []).map((value) =>
    value instanceof Uint8Array ? decodeFields(value) : new Map(),
  );

/** A map is a message per entry, with key and value. */
export const mapFields = (
  number: number,
  map: Readonly<Record<string, string>>,
): readonly Field[] =>
  Object.entries(map).map(([key, value]) => [
    number,
    encodeFields([
      [1, key],
      [2, value],
    ]),
  ]);

/** Pod sandbox as CRI names it. */
export interface SandboxName {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** PodSandboxMetadata of runtime.v1. */
export const encodeName = ({ name, namespace, uid }: SandboxName, attempt = 0): Uint8Array =>
  encodeFields([
    [1, name],
    [2, uid],
    [3, namespace],
    [4, attempt],
  ]);

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
