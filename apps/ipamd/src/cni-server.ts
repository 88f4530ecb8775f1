import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createLauncherServer, type LauncherService } from '@vpc-cni/cni-spec/launcher';
import { BadRequest } from './bad-request.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** Answers a CNI request; `undefined` means that the launcher must act as if the daemon were away. */
export type CniAnswerer = LauncherService['answer'];

/** Another path of the socket: JSON in, JSON out. */
export type JsonRoute = (body: unknown, signal: AbortSignal) => Promise<unknown>;

/** The daemon's socket: the launcher's protocol, and JSON for the stand-alone plugin. */
export const createCniServer = (options: {
  readonly answer: CniAnswerer;
  readonly jsonRoutes: Readonly<Record<string, JsonRoute>>;
}): Server =>
  createLauncherServer({ answer: options.answer, otherwise: serveJson(options.jsonRoutes) });

const serveJson =
  (routes: Readonly<Record<string, JsonRoute>>): RequestListener =>
  (request, response) => {
    const route = request.method === 'POST' ? routes[request.url ?? ''] : undefined;
    if (route === undefined) {
      reply(response, 404, 'text/plain', 'not found');
      return;
    }
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the caller hung up'));
    });
    readBody(request)
      .then((body) => route(parseJson(body), gone.signal))
      .then((result) => reply(response, 200, 'application/json', JSON.stringify(result ?? null)))
      .catch((error: unknown) => {
        const status = error instanceof BadRequest ? 400 : 500;
        const text = error instanceof Error ? error.message : String(error);
        reply(response, status, 'text/plain', text);
      });
  };

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(`the body is ${JSON.stringify(text.slice(0, 80))}, expected JSON`);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new BadRequest(`the body exceeds ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text, 'utf8');
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}
