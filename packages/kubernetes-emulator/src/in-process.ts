import { setMaxListeners } from 'node:events';
import type { Unavailability } from './knobs.ts';
import { ConnectionCut, type Service, type ServiceResponse } from './service.ts';

/** Calls the server without a socket; the outcome is what a socket would have shown. */
export type InProcessCall = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
  },
  options: { readonly signal: AbortSignal },
) => Promise<ServiceResponse>;

/** The way in without a socket, which goes and comes back with the sockets. */
export class InProcessDoor {
  readonly #service: Service;
  #mode: Unavailability | undefined;
  #changed = freeController();

  constructor(service: Service) {
    this.#service = service;
  }

  setMode(mode: Unavailability | undefined): void {
    this.#mode = mode;
    // What hangs goes on hanging; otherwise calls do not outlive the change.
    if (mode === 'hanging') return;
    this.#changed.abort();
    this.#changed = freeController();
  }

  readonly call: InProcessCall = async ({ body = '', ...request }, { signal }) => {
    signal.throwIfAborted();
    if (this.#mode === 'refused') throw refused();
    if (this.#mode === 'reset') throw new ConnectionCut();
    const done = new AbortController();
    const cut = this.#changed.signal;
    const ended = new Promise<never>((_, reject) => {
      const once = { once: true, signal: done.signal };
      cut.addEventListener('abort', () => reject(new ConnectionCut()), once);
      signal.addEventListener('abort', () => reject(signal.reason), once);
    });
    try {
      const answer =
        this.#mode === 'hanging'
          ? ended
          : this.#service({ ...request, body }, AbortSignal.any([signal, cut]));
      const response = await Promise.race([answer, ended]);
      return { ...response, body: endingWith(response.body, signal) };
    } finally {
      done.abort();
    }
  };
}

/** The body, cut when its reader's signal aborts. */
async function* endingWith(
  body: AsyncIterable<string>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const chunks = body[Symbol.asyncIterator]();
  const done = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    const once = { once: true, signal: done.signal };
    signal.addEventListener('abort', () => reject(signal.reason), once);
  });
  ended.catch(() => {}); // it matters only while somebody reads
  try {
    signal.throwIfAborted();
    for (;;) {
      const next = await Promise.race([chunks.next(), ended]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    done.abort();
    void chunks.return?.();
  }
}

const refused = () =>
  Object.assign(new Error('the emulated API server is away'), { code: 'ECONNREFUSED' });

function freeController(): AbortController {
  const controller = new AbortController();
  // Every call under way listens to it; hundreds at once are no leak.
  setMaxListeners(0, controller.signal);
  return controller;
}
