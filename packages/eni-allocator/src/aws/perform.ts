import type { EC2Client } from '@aws-sdk/client-ec2';
import type { CallOptions } from '../ports.ts';
import type { AwsEc2Options } from './aws-ec2-options.ts';
import { type AwsCall, translateError } from './translate-error.ts';

type Sdk = typeof import('./sdk.ts');

/** What every `send` of the SDK's client takes beside its command. */
export interface HttpOptions {
  readonly abortSignal?: AbortSignal;
}

/** Runs `send` with the SDK and its client, and translates what it throws. */
export type Perform = <T>(
  call: AwsCall,
  options: CallOptions,
  send: (client: EC2Client, sdk: Sdk, http: HttpOptions) => Promise<T>,
) => Promise<T>;

const DEFAULT_TIMEOUT_MS = 10_000;

/** Loads the SDK and makes its client when the first call needs them. */
export function createPerform(options: AwsEc2Options): Perform {
  let connection: Promise<{ client: EC2Client; sdk: Sdk }> | undefined;
  const connect = async () => {
    const sdk = await import('./sdk.ts');
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const client = new sdk.EC2Client({
      region: options.region,
      // One try, and its error as it is: even a single attempt of the SDK's own strategies wraps some.
      retryStrategy: { mode: 'none', retry: (next, args) => next(args) },
      requestHandler: options.requestHandler ?? {
        connectionTimeout: timeoutMs,
        requestTimeout: timeoutMs,
        socketTimeout: timeoutMs,
        throwOnRequestTimeout: true,
      },
      ...(options.product === undefined
        ? {}
        : { customUserAgent: [[options.product.name, options.product.version]] }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
    return { client, sdk };
  };
  return async (call, { signal }, send) => {
    signal?.throwIfAborted();
    connection ??= connect();
    try {
      const { client, sdk } = await connection;
      return await send(client, sdk, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw translateError(error, call);
    }
  };
}
