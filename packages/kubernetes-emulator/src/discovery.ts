import type { JsonObject } from './json.ts';
import { apiVersionOf, type ResourceType } from './resource-type.ts';
import { jsonResponse, type ServiceRequest, type ServiceResponse, wholeBody } from './service.ts';
import type { TypeRegistry } from './type-registry.ts';

const VERSION = { major: '1', minor: '32', gitVersion: 'v1.32.0-emulated', platform: 'any' };

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

/** Tells clients what there is; `undefined` when the path asks for something else. */
export function discover(
  request: ServiceRequest,
  types: TypeRegistry,
): ServiceResponse | undefined {
  const { pathname } = new URL(request.path, 'http://server');
  if (request.method !== 'GET') return undefined;
  switch (pathname) {
    case '/version':
      return jsonResponse(200, VERSION);
    case '/healthz':
    case '/livez':
    case '/readyz':
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: wholeBody('ok') };
    case '/api':
      return jsonResponse(200, { kind: 'APIVersions', versions: ['v1'] });
    case '/apis':
      return jsonResponse(200, { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(types) });
    case '/openapi/v2':
      // An empty document, which is also one in protobuf's form: nothing is known, nothing is checked.
      return {
        status: 200,
        headers: { 'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' },
        body: wholeBody(''),
      };
    case '/openapi/v3':
      return jsonResponse(200, { paths: {} });
  }
  const groupVersion = /^\/(?:api|apis\/([^/]+))\/([^/]+)$/.exec(pathname);
  if (groupVersion === null) return groupOf(pathname, types);
  const [, group = '', version] = groupVersion;
  const served = types.all().filter((type) => type.group === group && type.version === version);
  if (served.length === 0) return undefined;
  return jsonResponse(200, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: served.flatMap(resourcesOf),
  });
}

function groupOf(pathname: string, types: TypeRegistry): ServiceResponse | undefined {
  const group = groupsOf(types).find(({ name }) => pathname === `/apis/${name}`);
  return group && jsonResponse(200, { kind: 'APIGroup', apiVersion: 'v1', ...group });
}

function groupsOf(types: TypeRegistry): readonly JsonObject[] {
  const groups = Map.groupBy(
    types.all().filter(({ group }) => group !== ''),
    ({ group }) => group,
  );
  return [...groups].map(([name, members]) => {
    const versions = [...new Set(members.map(apiVersionOf))].map((groupVersion) => ({
      groupVersion,
      version: groupVersion.slice(name.length + 1),
    }));
    return { name, versions, preferredVersion: versions[0] ?? null };
  });
}

const resourcesOf = (type: ResourceType): readonly JsonObject[] => {
  const resource = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.isNamespaced,
    kind: type.kind,
    verbs: VERBS,
    shortNames: type.shortNames,
  };
  const status = {
    name: `${type.plural}/status`,
    singularName: '',
    namespaced: type.isNamespaced,
    kind: type.kind,
    verbs: ['get', 'patch', 'update'],
  };
  return type.hasStatus ? [resource, status] : [resource];
};
