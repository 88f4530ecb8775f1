import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { CniProcessRequest, CniProcessResponse } from '@vpc-cni/cni-spec';
import { BadRequest } from './bad-request.ts';

/** Header of the launcher's request for each variable of the CNI protocol. */
const variableOfHeader: Readonly<Record<string, string>> = {
  'cni-command': 'CNI_COMMAND',
  'cni-containerid': 'CNI_CONTAINERID',
  'cni-netns': 'CNI_NETNS',
  'cni-ifname': 'CNI_IFNAME',
  'cni-args': 'CNI_ARGS',
  'cni-path': 'CNI_PATH',
};

const MAX_BODY_BYTES = 1024 * 1024;

/** Answers a CNI request; `undefined` means that the launcher must act as if the daemon were away. */
export type CniAnswerer = (
  request: CniProcessRequest,
  signal: AbortSignal,
) => Promise<CniProcessResponse | undefined>;

/** Another path of the socket: JSON in, JSON out. */
export type JsonRoute = (body: unknown, signal: AbortSignal) => Promise<unknown>;

/**
 * The daemon's side of the launcher's protocol: `POST /v1/cni`, environment in headers, stdin as the
 * body; the reply's body is for stdout, its header `Cni-Exit-Code` for the exit status.
 */
export function createCniServer(options: {
  readonly answer: CniAnswerer;
  readonly jsonRoutes: Readonly<Record<string, JsonRoute>>;
}): Server {
  const { answer, jsonRoutes } = options;
  return createServer({ keepAlive: false }, (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('the caller hung up'));
    });
    serve(request, response, gone.signal).catch((error: unknown) => {
      const status = error instanceof BadRequest ? 400 : 500;
      reply(response, status, 'text/plain', error instanceof Error ? error.message : String(error));
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse, signal: AbortSignal) {
    const route = jsonRoutes[request.url ?? ''];
    if (request.method !== 'POST' || (route === undefined && request.url !== '/v1/cni')) {
      reply(response, 404, 'text/plain', 'not found');
      return;
    }
    const body = await readBody(request);
    if (route !== undefined) {
      const result = await route(parseJson(body), signal);
      reply(response, 200, 'application/json', JSON.stringify(result ?? null));
      return;
    }
    const answered = await answer({ environment: environmentOf(request), stdin: body }, signal);
    if (answered === undefined) {
      reply(response, 503, 'text/plain', 'starting');
      return;
    }
    response.setHeader('Cni-Exit-Code', answered.exitCode);
    reply(response, 200, 'application/json', answered.stdout);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequest(`the body is ${JSON.stringify(text.slice(0, 80))}, expected JSON`);
  }
}

function environmentOf(request: IncomingMessage): CniProcessRequest['environment'] {
  const environment: Record<string, string> = {};
  for (const [header, variable] of Object.entries(variableOfHeader)) {
    const value = request.headers[header];
    // Header bytes arrive as latin1; the launcher sent the environment's UTF-8 as it is.
    if (typeof value === 'string') {
      environment[variable] = Buffer.from(value, 'latin1').toString('utf8');
    }
  }
  return environment;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new Error(`request body exceeds ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, type: string, text: string): void {
  const body = Buffer.from(text, 'utf8');
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

/** Parses the bytes of a `POST /v1/cni` request, as the launcher spools them. */
export function parseSpooledRequest(bytes: Buffer): CniProcessRequest {
  const headerEnd = bytes.indexOf('\r\n\r\n');
  if (headerEnd < 0) throw new Error('not a spooled request: its header never ends');
  const [requestLine, ...lines] = bytes.subarray(0, headerEnd).toString('utf8').split('\r\n');
  if (requestLine !== 'POST /v1/cni HTTP/1.1') {
    throw new Error(`not a spooled request: it begins with ${JSON.stringify(requestLine)}`);
  }
  const environment: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const variable = variableOfHeader[line.slice(0, colon).toLowerCase()];
    if (variable !== undefined) environment[variable] = line.slice(colon + 1).trim();
  }
  return { environment, stdin: bytes.subarray(headerEnd + 4).toString('utf8') };
}
