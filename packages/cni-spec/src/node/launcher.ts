import { chmod, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createConnection } from 'node:net';
import type { CniProcessResponse } from '../answer-request.ts';
import type { CniProcessRequest } from '../handle-request.ts';
import { MAX_DOCUMENT_LENGTH } from '../json-object.ts';
import { createGate } from './gate.ts';
import { environmentOf, parseLauncherRequest } from './launcher-request.ts';

export { parseLauncherRequest };

/** What a daemon does with the requests of its launcher. */
export interface LauncherService {
  /**
   * Answers one request, as with `handleRequest`; `undefined` when the launcher must act as if nobody
   * were there. `signal` fires when the launcher hangs up: nobody reads the answer any more.
   */
  readonly answer: (
    request: CniProcessRequest,
    signal: AbortSignal,
  ) => Promise<CniProcessResponse | undefined>;
  /** Serves what is not a launcher's request. Default: 404. */
  readonly otherwise?: RequestListener;
}

/** Six variables of 4096 bytes, their names, and some. */
const MAX_HEAD_BYTES = 32 * 1024;

/**
 * The daemon's side of the launcher's protocol, as a server that does not listen yet.
 *
 * @see docs/launcher-protocol.md
 */
export function createLauncherServer({ answer, otherwise = notFound }: LauncherService): Server {
  const gate = createGate();
  const server = createServer({ maxHeaderSize: MAX_HEAD_BYTES }, (request, response) => {
    response.shouldKeepAlive = false; // one request per connection
    if (request.method !== 'POST' || request.url !== '/v1/cni') {
      otherwise(request, response);
      return;
    }
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the launcher hung up'));
    });
    serve(request, response, async (asked) => {
      await gate.enter();
      return answer(asked, gone.signal);
    }).catch((error: unknown) => {
      reply(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
  server.on('connection', (socket) => {
    gate.arrive();
    socket.once('close', gate.leave);
  });
  return server;
}

/**
 * Serves a launcher on a unix socket that only this user may open (mode 0600). A socket that a dead
 * process left behind is replaced. Keep it in a directory that is this user's alone.
 *
 * @returns the listening server; `close()` removes the socket.
 * @throws {Error} when a living process serves the socket.
 */
export async function serveLauncher({
  socketPath,
  ...service
}: LauncherService & { readonly socketPath: string }): Promise<Server> {
  if (await isServed(socketPath)) throw new Error(`another process serves ${socketPath}`);
  await rm(socketPath, { force: true });
  const server = createLauncherServer(service);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(socketPath, 0o600);
  return server;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: CniProcessRequest) => Promise<CniProcessResponse | undefined>,
): Promise<void> {
  const stdin = await readBody(request);
  const answered = await answer({ environment: environmentOf(request.headers), stdin });
  if (answered === undefined) {
    reply(response, 503, 'not serving yet');
    return;
  }
  response.setHeader('Cni-Exit-Code', answered.exitCode);
  reply(response, 200, answered.stdout);
}

// By events: an iterator costs a pod's ADD as much as parsing its head.
const readBody = (request: IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request
      .on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= MAX_DOCUMENT_LENGTH) chunks.push(chunk);
        else reject(new Error(`the body is longer than ${MAX_DOCUMENT_LENGTH} bytes`));
      })
      .once('end', () => resolve(Buffer.concat(chunks).toString()))
      .once('error', reject);
  });

function reply(response: ServerResponse, status: number, text: string): void {
  const type = status === 200 ? 'application/json' : 'text/plain';
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) };
  // As a string: head and body leave in one piece.
  response.writeHead(status, headers).end(text);
}

const notFound: RequestListener = (_, response) => reply(response, 404, 'not found');

const isServed = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(socketPath, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
