import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ApiError, statusOf } from './api-error.ts';
import type { Unavailability } from './knobs.ts';
import { secretFromProtobuf } from './protobuf-secret.ts';
import {
  jsonResponse,
  MAX_BODY_BYTES,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from './service.ts';

/** Where an endpoint listens, and as whom. */
export interface EndpointAddress {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** PEM; without it the endpoint speaks plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
}

/** One listening socket that can be taken away and brought back on the same port. */
export class HttpEndpoint {
  readonly #service: Service;
  readonly #address: EndpointAddress;
  /** Of connections, below TLS. */
  readonly #sockets = new Set<Socket>();
  #port: number;
  #server: Server | undefined;
  #mode: Unavailability | undefined;

  constructor(service: Service, address: EndpointAddress) {
    this.#service = service;
    this.#address = address;
    this.#port = address.port;
  }

  /** Without a trailing slash. */
  get url(): string {
    const { tls, host } = this.#address;
    return `${tls === undefined ? 'http' : 'https'}://${host}:${this.#port}`;
  }

  async open(): Promise<void> {
    const { tls, host } = this.#address;
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      if (this.#mode !== 'hanging') void this.#serve(request, response);
    };
    const server: Server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      if (this.#mode === 'reset') cut(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port; // a TCP server's address is AddressInfo
    this.#server = server;
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#cut();
    await closed;
  }

  /** Takes the server away in one of the three ways, or (`undefined`) brings it back. */
  async setMode(mode: Unavailability | undefined): Promise<void> {
    const before = this.#mode;
    this.#mode = mode;
    if (mode === 'refused') await this.close();
    else if (this.#server === undefined) await this.open();
    // What hangs stays open; otherwise connections do not outlive the change.
    else if (mode !== 'hanging' && mode !== before) this.#cut();
  }

  #cut(): void {
    for (const socket of this.#sockets) cut(socket);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const left = new AbortController();
    response.on('close', () => left.abort(new Error('the caller is gone')));
    try {
      const body = await bodyOf(request);
      const answer =
        body === undefined
          ? tooLarge()
          : await this.#service(
              {
                method: request.method ?? '',
                path: request.url ?? '/',
                ...asText(singleHeaders(request), body),
              },
              left.signal,
            );
      await send(answer, response);
    } catch {
      // The connection is to be cut, or its other side is gone.
      cut(request.socket);
    }
  }
}

async function send(
  { status, headers, body }: ServiceResponse,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, headers);
  response.flushHeaders();
  for await (const chunk of body) response.write(chunk);
  response.end();
}

/** What TLS has taken over cannot be reset any more. */
function cut(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

const tooLarge = () =>
  jsonResponse(413, statusOf(new ApiError(413, 'BadRequest', 'Request entity too large')));

/** The body, or `undefined` when it is larger than is read. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

/** What is written in protobuf and can be read becomes JSON on the way in. */
function asText(
  headers: ServiceRequest['headers'],
  body: Buffer,
): Pick<ServiceRequest, 'headers' | 'body'> {
  const isProtobuf = headers['content-type'] === 'application/vnd.kubernetes.protobuf';
  const secret = isProtobuf ? secretFromProtobuf(body) : undefined;
  if (secret === undefined) return { headers, body: body.toString('utf8') };
  return {
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(secret),
  };
}

const singleHeaders = ({ headers }: IncomingMessage) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()]));
