import type { ApiRequest, ApiResponse, ApiTransport } from './api-transport.ts';
import { type Clock, systemClock } from './clock.ts';
import { isKubernetesError } from './kubernetes-error.ts';
import { pathOf, type Subject } from './resources.ts';
import { startTimeLimit } from './time-limit.ts';
import {
  type CallNames,
  malformed,
  noAnswer,
  overdue,
  refusal,
  type Verb,
} from './translate-failure.ts';

export interface CallOptions {
  readonly signal: AbortSignal;
}

export type Query = Readonly<Record<string, string>>;

/** One line of a watch. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** A patch, by its media type's first word. */
export type Patch =
  | { readonly kind: 'merge' | 'strategic-merge'; readonly patch: object }
  | { readonly kind: 'json'; readonly patch: readonly object[] };

/**
 * The few calls that a node's daemon makes, each within a time limit.
 *
 * All reject with a {@link KubernetesError}, or with the signal's reason when the caller's signal ended
 * the call. What comes back is as the server wrote it: `T` is a promise of the caller's.
 */
export interface ApiClient {
  /** Whether the server answers at all: its version. */
  readVersion(options: CallOptions): Promise<{ readonly gitVersion: string }>;
  get<T>(subject: Subject, options: CallOptions): Promise<T>;
  list<T>(subject: Subject, query: Query, options: CallOptions): Promise<T>;
  create<T>(subject: Subject, object: object, options: CallOptions): Promise<T>;
  patch<T>(subject: Subject, patch: Patch, options: CallOptions): Promise<T>;
  /**
   * Opens a watch. The iteration ends when the server ends it, and rejects when the connection breaks,
   * with `overdue` after `silenceMs` without a word, and with `gone` when the version is forgotten.
   */
  watch<T>(subject: Subject, query: Query, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

export interface WatchOptions extends CallOptions {
  readonly silenceMs: number;
  /** Called when the server has agreed to it; nothing may change for long after. */
  readonly onOpen?: () => void;
}

export interface ApiClientOptions {
  readonly transport: ApiTransport;
  readonly clock?: Clock;
  /** For each answer as a whole, and for the beginning of a watch. Default: 10,000 ms. */
  readonly timeoutMs?: number;
  /** Default: `vpc-cni`. */
  readonly userAgent?: string;
}

/** The longest line of a watch, and the longest answer, in characters; etcd takes objects up to 1.5 MB. */
const MAX_LENGTH = 16 * 1_048_576;

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { transport, clock = systemClock, timeoutMs = 10_000, userAgent = 'vpc-cni' } = options;
  const headers = { accept: 'application/json', 'user-agent': userAgent };

  /** Sends a request; whatever fails is translated, but for the end of the caller's signal. */
  async function within<T>(
    call: CallNames,
    { signal }: CallOptions,
    use: (send: (request: ApiRequest) => Promise<ApiResponse>) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const limit = startTimeLimit(clock, timeoutMs, {
      overdue: (ms) => overdue(call, ms),
      signal,
    });
    try {
      return await use((request) => transport(request, { signal: limit.signal }));
    } catch (error) {
      signal.throwIfAborted();
      throw translated(call, limit.signal, error);
    } finally {
      limit.end();
    }
  }

  async function ask<T>(
    verb: Verb,
    subject: Subject,
    { method, path = pathOf(subject), query = {}, contentType, body }: Ask,
    options: CallOptions,
  ): Promise<T> {
    const call = { verb, subject };
    return within(call, options, async (send) => {
      const { status, body: answer } = await send({
        method,
        path: withQuery(path, query),
        headers: contentType === undefined ? headers : { ...headers, 'content-type': contentType },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await wholeText(call, answer);
      if (status < 200 || status >= 300) throw refusal(call, status, text);
      return parse<T>(call, text);
    });
  }

  async function* watch<T>(
    subject: Subject,
    query: Query,
    { signal, silenceMs, onOpen }: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const call: CallNames = { verb: 'watch', subject };
    signal.throwIfAborted();
    const limit = startTimeLimit(clock, timeoutMs, {
      overdue: (ms) => overdue(call, ms),
      signal,
    });
    try {
      const path = withQuery(pathOf(subject), { ...query, watch: 'true' });
      const { status, body } = await transport({ method: 'GET', path, headers }, limit);
      if (status !== 200) throw refusal(call, status, await wholeText(call, body));
      limit.restart(silenceMs);
      onOpen?.();
      for await (const line of linesOf(call, body)) {
        limit.restart(silenceMs);
        yield eventIn<T>(call, line);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw translated(call, limit.signal, error);
    } finally {
      limit.end();
    }
  }

  return {
    readVersion: (callOptions) =>
      ask('get', VERSION, { method: 'GET', path: '/version' }, callOptions),
    get: (subject, callOptions) => ask('get', subject, { method: 'GET' }, callOptions),
    list: (subject, query, callOptions) =>
      ask('list', subject, { method: 'GET', query }, callOptions),
    create: (subject, body, callOptions) => {
      const request = { method: 'POST', contentType: 'application/json', body } as const;
      return ask('create', subject, request, callOptions);
    },
    patch: (subject, { kind, patch: body }, callOptions) => {
      const contentType = `application/${kind}-patch+json`;
      return ask('patch', subject, { method: 'PATCH', contentType, body }, callOptions);
    },
    watch,
  };
}

interface Ask {
  readonly method: ApiRequest['method'];
  /** Default: the subject's. */
  readonly path?: string;
  readonly query?: Query;
  readonly contentType?: string;
  readonly body?: object;
}

/** Not a resource, but asked for like one. */
const VERSION: Subject = { resource: { group: '', version: '', plural: 'version' } };

const withQuery = (path: string, query: Query): string => {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
};

function translated(call: CallNames, limit: AbortSignal, error: unknown): unknown {
  if (isKubernetesError(error)) return error;
  return limit.aborted ? limit.reason : noAnswer(call, error);
}

async function wholeText(call: CallNames, body: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk;
    if (text.length > MAX_LENGTH) throw malformed(call, `the answer is longer than ${MAX_LENGTH}`);
  }
  return text;
}

async function* linesOf(call: CallNames, body: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of body) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LENGTH) throw malformed(call, `a line is longer than ${MAX_LENGTH}`);
    yield* lines.filter((line) => line !== '');
  }
}

function parse<T>(call: CallNames, text: string): T {
  try {
    return JSON.parse(text) as T; // as the server wrote it
  } catch (cause) {
    throw malformed(call, `the answer is no JSON: ${text.slice(0, 100)}`, cause);
  }
}

function eventIn<T>(call: CallNames, line: string): WatchEvent<T> {
  const event = parse<{ type: WatchEvent<T>['type'] | 'ERROR'; object: T }>(call, line);
  if (event.type !== 'ERROR') return { type: event.type, object: event.object };
  const { code } = event.object as { readonly code?: number };
  throw refusal(call, code ?? 500, JSON.stringify(event.object));
}
