import { ApiError } from './api-error.ts';
import { type ApiRequest, ruleNameOf, type Verb } from './api-request.ts';
import type { ServiceRequest } from './service.ts';

/** What an identity may do, as in a ClusterRole. */
export interface Rule {
  /** `''` is the core group; `*` means all. */
  readonly apiGroups: readonly string[];
  /** Such as `pods` and `nodes/status`; `*` means all. */
  readonly resources: readonly string[];
  readonly verbs: readonly (Verb | '*')[];
}

/** Somebody who may come with a token. */
export interface Identity {
  /** Such as `system:serviceaccount:kube-system:aws-node`. */
  readonly user: string;
  readonly rules: readonly Rule[];
}

/** May do everything. */
export const administrator: Identity = {
  user: 'kubernetes-admin',
  rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
};

/** Who is known by which token. */
export class Identities {
  readonly #byToken = new Map<string, Identity>();
  readonly #withoutToken: Identity | undefined;

  /** @param withoutToken who comes without a token; nobody by default. */
  constructor(withoutToken: Identity | undefined) {
    this.#withoutToken = withoutToken;
  }

  set(token: string, identity: Identity | undefined): void {
    if (identity === undefined) this.#byToken.delete(token);
    else this.#byToken.set(token, identity);
  }

  /** @throws {ApiError} 401 when nobody is known by the token. */
  of({ headers }: ServiceRequest): Identity {
    const [, token] = /^Bearer\s+(\S+)$/i.exec(headers['authorization'] ?? '') ?? [];
    const identity = token === undefined ? this.#withoutToken : this.#byToken.get(token);
    if (identity === undefined) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
    return identity;
  }
}

const includes = (list: readonly string[], item: string) =>
  list.includes('*') || list.includes(item);

export const isAllowed = (
  { rules }: Identity,
  request: Pick<ApiRequest, 'verb' | 'type' | 'subresource'>,
): boolean =>
  rules.some(
    ({ apiGroups, resources, verbs }) =>
      includes(apiGroups, request.type.group) &&
      includes(resources, ruleNameOf(request)) &&
      includes(verbs, request.verb),
  );

/** @throws {ApiError} 403 in the words of Kubernetes' RBAC. */
export function requireAllowed(identity: Identity, request: ApiRequest): void {
  if (isAllowed(identity, request)) return;
  const { type, name, namespace, verb } = request;
  const { group, plural } = type;
  const what = group === '' ? plural : `${plural}.${group}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw new ApiError(
    403,
    'Forbidden',
    `${what}${name === '' ? '' : ` "${name}"`} is forbidden: User "${identity.user}" cannot ${verb} resource "${ruleNameOf(request)}" in API group "${group}" ${where}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural },
  );
}
