import type { HttpHandler } from '@smithy/core/protocols';
import { HttpResponse } from '@smithy/core/protocols';
import type { ServiceResponse } from './service.ts';

/** Calls a service without a socket. */
export type InProcessCall = (
  request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  },
  options?: { readonly signal?: AbortSignal | undefined },
) => Promise<ServiceResponse>;

/** The `requestHandler` of an AWS SDK client that calls a service of this process. */
export const sdkRequestHandler = (call: InProcessCall): HttpHandler => ({
  async handle({ method, path, headers, body }, { abortSignal } = {}) {
    const signal = abortSignal as AbortSignal | undefined; // the SDK's type allows for polyfills
    const request = { method, path, headers, body: typeof body === 'string' ? body : '' };
    const response = await call(request, { signal }).catch((error: unknown) => {
      throw signal?.aborted ? abortError() : error;
    });
    return {
      response: new HttpResponse({
        statusCode: response.status,
        headers: response.headers,
        body: new TextEncoder().encode(response.body),
      }),
    };
  },
  updateHttpClientConfig: () => {},
  httpHandlerConfigs: () => ({}),
});

/** What the SDK's own handler rejects with. */
const abortError = () => Object.assign(new Error('Request aborted'), { name: 'AbortError' });
