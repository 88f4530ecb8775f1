/** A request, however it came. */
export interface ServiceRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** An answer; a watch's body is still being written when it is given. */
export interface ServiceResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<string>;
}

/**
 * Answers requests.
 *
 * @param signal aborts when the caller is gone.
 * @throws {ConnectionCut} when the connection ends without an answer.
 */
export type Service = (request: ServiceRequest, signal: AbortSignal) => Promise<ServiceResponse>;

/** The connection ends here; thrown by a body, in the middle of it. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
  readonly code = 'ECONNRESET';

  constructor() {
    super('the connection was cut');
  }
}

/** The largest request body that is read, in bytes. */
export const MAX_BODY_BYTES = 3_145_728;

/** A body that is there as a whole. */
export async function* wholeBody(text: string): AsyncGenerator<string> {
  yield text;
}

export const jsonResponse = (status: number, value: unknown): ServiceResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: wholeBody(`${JSON.stringify(value)}\n`),
});
