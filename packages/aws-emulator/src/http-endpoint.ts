import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Unavailability } from './knobs.ts';
import { MAX_BODY_BYTES, type Service } from './service.ts';

/** One listening socket that can be taken away and brought back on the same port. */
export class HttpEndpoint {
  readonly #service: Service;
  readonly #host: string;
  #port: number;
  #server: Server | undefined;
  #mode: Unavailability | undefined;
  /** Changes of the mode happen one after another, also when nobody waits for them. */
  #change: Promise<void> = Promise.resolve();

  constructor(service: Service, address: { readonly host: string; readonly port: number }) {
    this.#service = service;
    this.#host = address.host;
    this.#port = address.port;
  }

  /** The base URL, without a trailing slash. */
  get url(): string {
    const host = this.#host.includes(':') ? `[${this.#host}]` : this.#host;
    return `http://${host}:${this.#port}`;
  }

  async open(): Promise<void> {
    const server = createServer((request, response) => this.#answer(request, response));
    server.keepAliveTimeout = 60_000;
    server.on('connection', (socket: Socket) => {
      if (this.#mode === 'reset') {
        socket.resetAndDestroy();
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.#host, resolve);
    });
    this.#port = (server.address() as AddressInfo).port; // a TCP server's address is AddressInfo
    this.#server = server;
  }

  /** Stops listening and cuts every connection. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }
  }

  /** Takes the service away in one of the three ways, or (`undefined`) brings it back. */
  setMode(mode: Unavailability | undefined): Promise<void> {
    this.#change = this.#change.then(() => this.#apply(mode));
    return this.#change;
  }

  async #apply(mode: Unavailability | undefined): Promise<void> {
    if (this.#mode === mode) {
      return;
    }
    this.#mode = mode;
    if (mode === 'refused') {
      await this.close();
    } else if (this.#server === undefined) {
      await this.open();
    } else {
      // Kept-alive connections would outlive the change; requests left hanging end here too.
      this.#server.closeAllConnections();
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (this.#mode === 'hanging') {
      return;
    }
    this.#serve(request, response).catch(() => {
      // The caller is gone, or its request was no request.
      response.destroy();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) {
      response.writeHead(413).end();
      return;
    }
    const answer = await this.#service({
      method: request.method ?? '',
      path: request.url ?? '/',
      headers: singleHeaders(request),
      body,
      source: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    });
    if (answer === undefined) {
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }
}

/** The body, or `undefined` when it is larger than is read. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) {
      chunks.push(chunk);
    }
  });
  await once(request, 'end');
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
}

const singleHeaders = ({ headers }: IncomingMessage) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()]));
