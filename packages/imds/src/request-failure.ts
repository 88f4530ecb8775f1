import { ImdsError, type ImdsErrorCode } from './imds-error.ts';

/** Why a request failed, before it is said to the reader who needed it. */
export class RequestFailure extends Error {
  readonly code: ImdsErrorCode;
  readonly status: number | undefined;

  constructor(code: ImdsErrorCode, options: ErrorOptions & { readonly status?: number }) {
    super(code, options);
    this.code = code;
    this.status = options.status;
  }
}

/**
 * What an answer other than 200 means.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html "Error codes"
 */
export function refusal(status: number, about: 'token' | 'path'): RequestFailure {
  const codes: Readonly<Record<number, ImdsErrorCode>> = {
    401: 'unauthorized',
    403: 'disabled',
    // Every instance has the token's path, as long as its metadata is on.
    404: about === 'token' ? 'disabled' : 'not-found',
  };
  return new RequestFailure(codes[status] ?? 'unreachable', { status });
}

/** The failure as the reader of `path` hears of it: with what to do. */
export function imdsErrorFor(
  failure: unknown,
  { path, endpoint }: { readonly path: string; readonly endpoint: string },
): ImdsError {
  const { code, status, cause } =
    failure instanceof RequestFailure
      ? failure
      : { code: 'unreachable' as const, status: undefined, cause: failure };
  const said = status === undefined ? reasonOf(cause) : `HTTP ${status}`;
  const messages: Readonly<Record<ImdsErrorCode, string>> = {
    unreachable: `${endpoint} gives no usable answer (${said}); see that the process runs in the host's network, or that the instance's metadata hop limit lets it through`,
    'hop-limit': `${endpoint} can be reached, but the session token it gives does not arrive; run in the host's network, or raise the limit: aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2`,
    disabled: `${endpoint} gives no session token (${said}); turn metadata on for the instance: aws ec2 modify-instance-metadata-options --http-endpoint enabled`,
    unauthorized: `${endpoint} refuses even a new session token (${said}); see who answers at this address`,
    'not-found': `${endpoint} does not know it`,
    malformed: said,
  };
  return new ImdsError(code, `reading ${path}: ${messages[code]}`, {
    cause: cause ?? failure,
    facts: { path, endpoint, ...(status === undefined ? {} : { status }) },
  });
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);
