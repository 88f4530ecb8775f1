/** A request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** An answer, whatever its status; the body of a watch goes on for minutes. */
export interface ApiResponse {
  readonly status: number;
  readonly body: AsyncIterable<string>;
}

/**
 * Carries one request to the API server and its answer back.
 *
 * Rejects, as reading the body does, when the connection cannot be made or breaks, and with the signal's
 * reason when that aborts.
 */
export type ApiTransport = (
  request: ApiRequest,
  options: { readonly signal: AbortSignal },
) => Promise<ApiResponse>;
