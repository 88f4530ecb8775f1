import type { JsonObject } from './json.ts';
import { type ResourceType, resourceNameOf } from './resource-type.ts';

/** Machine-readable cause of a refusal, in Kubernetes' words. */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

/** A refusal, answered as an object of kind `Status`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly reason: StatusReason;
  readonly details: JsonObject;

  constructor(status: number, reason: StatusReason, message: string, details: JsonObject = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.details = details;
  }
}

/** The body of the answer. */
export const statusOf = ({ status, reason, message, details }: ApiError): JsonObject => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message,
  reason,
  ...(Object.keys(details).length === 0 ? {} : { details }),
  code: status,
});

const detailsOf = ({ group, plural }: ResourceType, name: string): JsonObject => ({
  name,
  ...(group === '' ? {} : { group }),
  kind: plural,
});

export const notFound = (type: ResourceType, name: string): ApiError =>
  new ApiError(
    404,
    'NotFound',
    `${resourceNameOf(type)} "${name}" not found`,
    detailsOf(type, name),
  );

/** For paths that name no resource. */
export const noSuchPath = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource');

export const alreadyExists = (type: ResourceType, name: string): ApiError =>
  new ApiError(
    409,
    'AlreadyExists',
    `${resourceNameOf(type)} "${name}" already exists`,
    detailsOf(type, name),
  );

export const conflict = (
  type: ResourceType,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceNameOf(type)} "${name}": ${why}`,
    detailsOf(type, name),
  );

export const invalid = (type: ResourceType, name: string, why: string): ApiError =>
  new ApiError(
    422,
    'Invalid',
    `${type.kind}${type.group === '' ? '' : `.${type.group}`} "${name}" is invalid: ${why}`,
    detailsOf(type, name),
  );

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

/** @param asked the revision that is not known any more. */
export const expired = (asked: number, oldest: number): ApiError =>
  new ApiError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);
