import { setMaxListeners } from 'node:events';
import { HttpEndpoint } from './http-endpoint.ts';
import type { Unavailability } from './knobs.ts';
import type { Service, ServiceRequest, ServiceResponse } from './service.ts';

/** The ways in to one service, over sockets and without, which go and come back together. */
export class ServiceEndpoints {
  readonly #sockets: HttpEndpoint[] = [];
  #mode: Unavailability | undefined;
  /** Aborts when the mode changes: that cuts every call under way. */
  #cut = cutController();

  async open(
    at: { readonly host: string; readonly port: number },
    service: Service,
  ): Promise<{ readonly url: string }> {
    const endpoint = new HttpEndpoint(service, at);
    await endpoint.open();
    this.#sockets.push(endpoint);
    return { url: endpoint.url };
  }

  /**
   * Calls the service without a socket; the outcome is what a socket would have shown.
   *
   * @throws {Error} with `code` `ECONNREFUSED` or `ECONNRESET`, or the signal's reason.
   */
  async call(
    service: Service,
    request: ServiceRequest,
    signal?: AbortSignal,
  ): Promise<ServiceResponse> {
    signal?.throwIfAborted();
    if (this.#mode === 'refused' || this.#mode === 'reset') {
      throw connectionError(this.#mode === 'refused' ? 'ECONNREFUSED' : 'ECONNRESET');
    }
    const done = new AbortController();
    const ended = new Promise<never>((_, reject) => {
      const once = { once: true, signal: done.signal };
      this.#cut.signal.addEventListener('abort', () => reject(connectionError('ECONNRESET')), once);
      signal?.addEventListener('abort', () => reject(signal.reason), once);
    });
    try {
      const answer = this.#mode === 'hanging' ? ended : service(request);
      const response = await Promise.race([answer, ended]);
      if (response !== undefined) {
        return response;
      }
    } finally {
      done.abort();
    }
    throw connectionError('ECONNRESET');
  }

  /** Takes the service away in one of the three ways, or (`undefined`) brings it back. */
  async setMode(mode: Unavailability | undefined): Promise<void> {
    this.#mode = mode;
    this.#cut.abort();
    this.#cut = cutController();
    await Promise.all(this.#sockets.map((endpoint) => endpoint.setMode(mode)));
  }

  async close(): Promise<void> {
    this.#cut.abort();
    await Promise.all(this.#sockets.map((endpoint) => endpoint.close()));
  }
}

const connectionError = (code: 'ECONNREFUSED' | 'ECONNRESET') =>
  Object.assign(new Error(`the emulated service is away: ${code}`), { code });

function cutController(): AbortController {
  const controller = new AbortController();
  // Every call under way listens to it; hundreds at once are no leak.
  setMaxListeners(0, controller.signal);
  return controller;
}
