/** A request to one of the services, however it came. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query, for instance `/latest/meta-data/mac`. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The IP address that the request came from; empty when it came without a socket. */
  readonly source: string;
}

/** What a service answers. */
export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers requests. Without a response the connection ends and the caller never hears a word. */
export type Service = (request: ServiceRequest) => Promise<ServiceResponse | undefined>;

/** The largest request body that is read, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;
