import type { Clock } from './clock.ts';
import type { ImdsError, ImdsErrorCode } from './imds-error.ts';
import type { RequestOptions } from './read-options.ts';
import { imdsErrorFor, RequestFailure, refusal } from './request-failure.ts';
import { createSessionToken, TOKEN_LIFE_SECONDS } from './session-token.ts';
import { AnswerOverdue, settleWithin } from './settle-within.ts';
import type { ImdsTransport, MetadataRequest } from './transport.ts';

export interface SessionOptions {
  readonly transport: ImdsTransport;
  /** Who answers, for error messages. */
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly clock: Clock;
}

/** An IMDSv2 session: reads paths below `/latest/`, with one token for all of them. */
export interface MetadataSession {
  get(path: string, options: RequestOptions): Promise<string>;
}

const FIRST_RETRY_MS = 100;
const SLOWEST_RETRY_MS = 1_000;

const tokenRequest: MetadataRequest = {
  method: 'PUT',
  path: '/latest/api/token',
  headers: { 'x-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_LIFE_SECONDS) },
};

export function createMetadataSession(options: SessionOptions): MetadataSession {
  const { transport, endpoint, timeoutMs, retries, clock } = options;
  const exchange = (request: MetadataRequest, signal?: AbortSignal) =>
    settleWithin((ended) => transport(request, { signal: ended }), { timeoutMs, clock, signal });

  // The hop limit is a limit of the answer to this one request: everything else passes.
  const isReachable = () =>
    exchange({ method: 'GET', path: '/latest/meta-data/', headers: {} }).then(
      () => true,
      () => false,
    );
  const fetchToken = async () => {
    const { status, body } = await exchange(tokenRequest).catch(async (cause: unknown) => {
      const isLost = cause instanceof AnswerOverdue && (await isReachable());
      throw new RequestFailure(isLost ? 'hop-limit' : 'unreachable', { cause });
    });
    if (status !== 200) {
      throw refusal(status, 'token');
    }
    return body.trim();
  };
  const token = createSessionToken(fetchToken, clock);

  const getOnce = async (path: string, signal: AbortSignal | undefined) => {
    // The token is for all readers, so one of them can leave without taking it along. It comes in
    // the time of two requests at most.
    const value = await settleWithin(token.get, { timeoutMs: 2 * timeoutMs, clock, signal });
    const headers = { 'x-aws-ec2-metadata-token': value };
    const { status, body } = await exchange(
      { method: 'GET', path: `/latest/${path}`, headers },
      signal,
    );
    if (status === 401) {
      token.forget(value);
    }
    if (status !== 200) {
      throw refusal(status, 'path');
    }
    return body;
  };

  return {
    async get(path, { signal }) {
      for (let attempt = 0; ; attempt += 1) {
        signal?.throwIfAborted();
        try {
          return await getOnce(path, signal);
        } catch (error) {
          signal?.throwIfAborted();
          const failure = imdsErrorFor(error, { path, endpoint });
          if (attempt >= retriesAfter(failure, retries)) {
            throw failure;
          }
        }
        const delayMs = Math.min(FIRST_RETRY_MS * 2 ** attempt, SLOWEST_RETRY_MS);
        await clock.sleep(delayMs, signal === undefined ? {} : { signal });
      }
    },
  };
}

/** A refused token is worth a new one; any other refusal, and "not found", is an answer. */
function retriesAfter(failure: ImdsError, retries: number): number {
  const retriesFor: Readonly<Record<ImdsErrorCode, number>> = {
    unreachable: retries,
    'hop-limit': retries,
    unauthorized: Math.max(1, retries),
    disabled: 0,
    'not-found': 0,
    malformed: 0,
  };
  return retriesFor[failure.code];
}
