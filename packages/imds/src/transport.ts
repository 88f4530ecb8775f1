/** A request to the metadata service. */
export interface MetadataRequest {
  readonly method: 'GET' | 'PUT';
  /** Absolute, for instance `/latest/meta-data/mac`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Carries one request to the metadata service and its answer back, whatever the status.
 *
 * Rejects when no answer comes. It may ignore the signal: nobody waits for it any longer then.
 */
export type ImdsTransport = (
  request: MetadataRequest,
  options: { readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly body: string }>;
