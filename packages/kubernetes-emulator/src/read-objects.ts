import { badRequest, expired } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import { fromStored } from './event-forms.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { type KubeObject, metaText } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { apiVersionOf } from './resource-type.ts';
import { fieldSelector, labelSelector, type Selector } from './selectors.ts';

/** Of stored objects: whether a list or watch speaks of them. */
export function selectorOf({ type, namespace, name, query }: ApiRequest): Selector {
  const byLabel = labelSelector(query.get('labelSelector') ?? '');
  const byField = fieldSelector(query.get('fieldSelector') ?? '', type);
  return (object) =>
    (namespace === '' || metaText(object, 'namespace') === namespace) &&
    (name === '' || object.metadata.name === name) &&
    byLabel(object) &&
    byField(object);
}

/** GET of a list, in pieces if the caller wants. */
export function listObjects(request: ApiRequest, store: ObjectStore): JsonObject {
  const { type, query } = request;
  const selects = selectorOf(request);
  const place = continuationOf(query.get('continue') ?? '', store);
  const matching = store
    .list(type)
    .filter((object) => selects(object) && sortKeyOf(object) > place.after);
  const limit = Number(query.get('limit') ?? 0);
  const page = limit > 0 ? matching.slice(0, limit) : matching;
  const remaining = matching.length - page.length;
  const last = page.at(-1);
  const more =
    remaining > 0 && last !== undefined
      ? {
          continue: toContinuation({ revision: place.revision, after: sortKeyOf(last) }),
          remainingItemCount: remaining,
        }
      : {};
  return {
    kind: `${type.kind}List`,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(place.revision), ...more },
    items: page.map((object) => fromStored(type, object)),
  };
}

const sortKeyOf = (object: KubeObject) =>
  `${metaText(object, 'namespace')}/${object.metadata.name}`;

interface Continuation {
  readonly revision: number;
  /** The key of the last object that was given; empty at the beginning. */
  readonly after: string;
}

const toContinuation = (place: Continuation) =>
  Buffer.from(JSON.stringify(place)).toString('base64url');

function continuationOf(token: string, store: ObjectStore): Continuation {
  if (token === '') return { revision: store.revision, after: '' };
  const place = parse(Buffer.from(token, 'base64url').toString());
  if (!isJsonObject(place)) throw badRequest('continue key is not valid');
  const { revision, after } = place as unknown as Continuation;
  if (revision < store.compactedRevision) throw expired(revision, store.compactedRevision);
  return { revision, after };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
