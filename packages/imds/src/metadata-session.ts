import { MetadataService } from '@aws-sdk/ec2-metadata-service';
import type { Clock } from './clock.ts';
import type { ImdsError, ImdsErrorCode } from './imds-error.ts';
import type { ReadOptions } from './read-options.ts';
import { createSessionToken } from './session-token.ts';
import { settleWithin } from './settle-within.ts';
import { statusOf, translateError } from './translate-error.ts';

export interface SessionOptions {
  readonly endpoint: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly clock: Clock;
}

/** An IMDSv2 session: reads paths below `/latest/`, with one token for all of them. */
export interface MetadataSession {
  get(path: string, options: ReadOptions): Promise<string>;
}

const FIRST_RETRY_MS = 100;
const SLOWEST_RETRY_MS = 1_000;

/**
 * The SDK's client, used for single requests only. Left to itself it asks for a new token with every
 * request, and turns the token off for good after a refusal; with the token in our hands, one serves
 * for hours and there is no way back to IMDSv1.
 */
export function createMetadataSession(options: SessionOptions): MetadataSession {
  const { endpoint, timeoutMs, retries, clock } = options;
  const service = new MetadataService({
    endpoint,
    httpOptions: { timeout: timeoutMs },
    retries: 0,
    disableFetchToken: true,
    ec2MetadataV1Disabled: false,
  });
  const within = <T>(promise: Promise<T>, signal: AbortSignal | undefined) =>
    settleWithin(promise, { timeoutMs, clock, signal });
  const token = createSessionToken(() => within(service.fetchMetadataToken(), undefined), clock);

  const getOnce = async (path: string, signal: AbortSignal | undefined) => {
    const value = await within(token.get(), signal);
    const headers = { 'x-aws-ec2-metadata-token': value, connection: 'close' };
    try {
      // The SDK joins the path to a URL that ends in a slash.
      return await within(service.request(`latest/${path}`, { headers }), signal);
    } catch (error) {
      if (statusOf(error) === 401) {
        token.forget(value);
      }
      throw error;
    }
  };

  return {
    async get(path, { signal }) {
      for (let attempt = 0; ; attempt += 1) {
        signal?.throwIfAborted();
        try {
          return await getOnce(path, signal);
        } catch (error) {
          signal?.throwIfAborted();
          const failure = translateError(error, { path, endpoint });
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
    unauthorized: failure.facts['status'] === 401 ? Math.max(1, retries) : 0,
    'not-found': 0,
    malformed: 0,
  };
  return retriesFor[failure.code];
}
