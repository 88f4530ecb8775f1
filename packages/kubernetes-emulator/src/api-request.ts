import { noSuchPath } from './api-error.ts';
import type { ResourceType } from './resource-type.ts';
import type { ServiceRequest } from './service.ts';
import type { TypeRegistry } from './type-registry.ts';

/** What is done to a resource, in the words of RBAC. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** A request that speaks of a resource. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly type: ResourceType;
  /** Empty for all namespaces, and for resources of the cluster. */
  readonly namespace: string;
  /** Empty for the whole list. */
  readonly name: string;
  readonly subresource: 'status' | undefined;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
}

/** `pods`, `nodes/status`: as rules name resources. */
export const ruleNameOf = ({
  type,
  subresource,
}: Pick<ApiRequest, 'type' | 'subresource'>): string =>
  subresource === undefined ? type.plural : `${type.plural}/${subresource}`;

const PATH =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

/** The same without a namespace, for namespaces themselves: `/api/v1/namespaces/default`. */
const NAMESPACE_PATH = /^\/api\/v1\/namespaces(?:\/(?<name>[^/]+)(?:\/(?<subresource>status))?)?$/;

/**
 * Reads what a request is for; `undefined` when its path is none of a resource.
 *
 * @throws {ApiError} 404 for a resource that is not known, and for methods it has not.
 */
export function readApiRequest(
  request: ServiceRequest,
  types: TypeRegistry,
): ApiRequest | undefined {
  const url = new URL(request.path, 'http://server');
  const ofNamespaces = NAMESPACE_PATH.exec(url.pathname)?.groups;
  const parts =
    ofNamespaces === undefined
      ? PATH.exec(url.pathname)?.groups
      : { core: 'v1', plural: 'namespaces', ...ofNamespaces };
  if (parts === undefined) return undefined;
  const { core, group = '', version = core ?? '', plural = '', namespace = '', name = '' } = parts;
  const type = types.find(group, version, plural);
  const { subresource } = parts;
  if (type === undefined || (namespace !== '' && !type.isNamespaced)) throw noSuchPath();
  if (subresource !== undefined && (subresource !== 'status' || !type.hasStatus))
    throw noSuchPath();
  return {
    verb: verbOf(request.method, name, url.searchParams),
    type,
    namespace,
    name: decodeURIComponent(name),
    subresource,
    query: url.searchParams,
    contentType: (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '',
    body: request.body,
  };
}

const VERBS: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function verbOf(method: string, name: string, query: URLSearchParams): Verb {
  if (method === 'GET') {
    if (['true', '1'].includes(query.get('watch') ?? '')) return 'watch';
    return name === '' ? 'list' : 'get';
  }
  const verb = VERBS[method];
  // Only one object at a time is changed; only a list can grow.
  if (verb === undefined || (verb === 'create') !== (name === '')) throw noSuchPath();
  return verb;
}
