import { MetadataService } from '@aws-sdk/ec2-metadata-service';
import { AnswerOverdue } from './settle-within.ts';
import type { ImdsTransport } from './transport.ts';

/**
 * The SDK's client, used for single requests only. Left to itself it asks for a new token with every
 * request, and turns the token off for good after a refusal; with the token in our hands, one serves
 * for hours and there is no way back to IMDSv1.
 */
export function createSdkTransport(endpoint: string, timeoutMs: number): ImdsTransport {
  const service = new MetadataService({
    endpoint,
    httpOptions: { timeout: timeoutMs },
    retries: 0,
    disableFetchToken: true,
    ec2MetadataV1Disabled: false,
  });
  return async ({ method, path, headers }) => {
    try {
      // The SDK joins the path to a URL that ends in a slash.
      const body = await service.request(path.replace(/^\//, ''), {
        method,
        headers: { ...headers, connection: 'close' },
      });
      return { status: 200, body };
    } catch (error) {
      const status = statusOf(error);
      if (status !== undefined) {
        return { status, body: '' };
      }
      throw /\bTimeoutError\b/.test(String(error)) ? new AnswerOverdue(timeoutMs) : error;
    }
  };
}

/** The status of an answer other than 200, which the SDK makes an error of. */
const statusOf = (error: unknown): number | undefined =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } }).$metadata
    ?.httpStatusCode;
