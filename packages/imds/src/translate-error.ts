import { ImdsError, type ImdsErrorCode } from './imds-error.ts';

/** What was asked of whom. */
export interface MetadataRequest {
  readonly path: string;
  readonly endpoint: string;
}

/**
 * The HTTP status behind an error of the SDK's metadata client. Errors about the token have it in
 * their text only.
 */
export function statusOf(error: unknown): number | undefined {
  const metadata = (error as { readonly $metadata?: { readonly httpStatusCode?: number } })
    .$metadata;
  const inText = /status code:? ?(\d{3})/i.exec(String(error))?.[1];
  return metadata?.httpStatusCode ?? (inText === undefined ? undefined : Number(inText));
}

/**
 * What an error of the SDK's metadata client means.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html "Error codes"
 */
export function translateError(error: unknown, { path, endpoint }: MetadataRequest): ImdsError {
  const status = statusOf(error);
  const code = codeOf(status, error);
  const said = error instanceof Error ? error.message : String(error);
  const messages: Readonly<Record<ImdsErrorCode, string>> = {
    unreachable: `${endpoint} gives no usable answer (${said}); see that the process runs in the host's network, or that the instance's metadata hop limit lets it through`,
    'not-found': `${endpoint} does not know it`,
    unauthorized: `${endpoint} refuses (HTTP ${status}); see that metadata is enabled for the instance`,
    malformed: said,
  };
  return new ImdsError(code, `reading ${path}: ${messages[code]}`, {
    cause: error,
    facts: { path, endpoint, ...(status === undefined ? {} : { status }) },
  });
}

function codeOf(status: number | undefined, error: unknown): ImdsErrorCode {
  if (status === 401 || status === 403) {
    return 'unauthorized';
  }
  // A service without the token path is not an IMDSv2 service: that says nothing about our path.
  const isAboutToken = error instanceof Error && /metadata token/.test(error.message);
  return status === 404 && !isAboutToken ? 'not-found' : 'unreachable';
}
