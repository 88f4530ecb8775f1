import { randomUUID } from 'node:crypto';
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound } from './api-error.ts';
import type { ApiRequest } from './api-request.ts';
import { eventComplaint, fromStored, toStored } from './event-forms.ts';
import { isJsonObject, isSameJson, type Json } from './json.ts';
import { type KubeObject, metaText, withMeta } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { jsonPatch, PatchFailure } from './patch/json-patch.ts';
import { mergePatch } from './patch/merge-patch.ts';
import { strategicMergePatch } from './patch/strategic-merge-patch.ts';
import { apiVersionOf, NAMESPACES } from './resource-type.ts';

/** What changing an object needs. */
export interface WriteContext {
  readonly store: Pick<ObjectStore, 'find' | 'put' | 'remove'>;
  readonly nowMs: () => number;
}

/** Shows what would come of a change, and keeps nothing: `dryRun=All`. */
export const rehearsalOn = (store: WriteContext['store']): WriteContext['store'] => ({
  find: (type, namespace, name) => store.find(type, namespace, name),
  put: (_, object) => object,
  remove: (_, object) => object,
});

export function parseBody(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    throw badRequest(
      'the body of the request was in an unknown format - accepted media types include: application/json',
    );
  }
}

function readObject({ type, body, contentType }: ApiRequest): KubeObject {
  if (contentType.endsWith('protobuf')) throw unsupportedMediaType(['application/json']);
  const value = parseBody(body);
  const isObject = isJsonObject(value) && isJsonObject(value['metadata']);
  if (!isObject) throw badRequest('the body of the request is no object with metadata');
  // Of types that are built in, clients need not name the type.
  const named = type.isCustom ? {} : { apiVersion: apiVersionOf(type), kind: type.kind };
  const object = { ...named, ...value } as KubeObject;
  if (object.apiVersion !== apiVersionOf(type) || object.kind !== type.kind) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${type.kind}): ${object.apiVersion}, Kind=${object.kind}`,
    );
  }
  return object;
}

/** POST: `generateName` counts, and a status of the caller's making does not. */
export function createObject(request: ApiRequest, context: WriteContext): KubeObject {
  const { type, namespace } = request;
  const { store } = context;
  const sent = readObject(request);
  const name = metaText(sent, 'name') || generatedName(metaText(sent, 'generateName'));
  if (name === '') {
    throw invalid(type, '', 'metadata.name: Required value: name or generateName is required');
  }
  if (type.isNamespaced && store.find(NAMESPACES, '', namespace) === undefined) {
    throw notFound(NAMESPACES, namespace);
  }
  if (store.find(type, namespace, name) !== undefined) throw alreadyExists(type, name);
  const { status: _, ...withoutStatus } = sent;
  const kept = type.hasStatus && type.isCustom ? (withoutStatus as KubeObject) : sent;
  const object = withMeta(kept, {
    name,
    namespace: type.isNamespaced ? namespace : undefined,
    uid: randomUUID(),
    generation: 1,
    creationTimestamp: timestamp(context.nowMs()),
  });
  const complaint = eventComplaint(type, object);
  if (complaint !== undefined) throw invalid(type, name, complaint);
  return fromStored(type, store.put(type, toStored(type, object)));
}

/** PUT. */
export function updateObject(request: ApiRequest, context: WriteContext): KubeObject {
  const current = requireObject(request, context.store);
  const sent = readObject(request);
  if (sent.metadata.name !== request.name) {
    throw badRequest(
      `the name of the object (${sent.metadata.name}) does not match the name on the URL (${request.name})`,
    );
  }
  if (request.type.isCustom && metaText(sent, 'resourceVersion') === '') {
    const why = 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update';
    throw invalid(request.type, request.name, why);
  }
  return replace(request, context, current, sent);
}

/** PATCH of the three kinds that are not server-side apply. */
export function patchObject(request: ApiRequest, context: WriteContext): KubeObject {
  const current = requireObject(request, context.store);
  return replace(request, context, current, applyPatch(request, current) as KubeObject);
}

function applyPatch({ type, contentType, name, body }: ApiRequest, current: KubeObject): Json {
  const patch = parseBody(body);
  switch (contentType) {
    case 'application/merge-patch+json':
      return mergePatch(current, patch);
    case 'application/json-patch+json':
      try {
        if (!Array.isArray(patch)) throw new PatchFailure('a JSON patch is a list');
        return jsonPatch(current, patch as unknown as Parameters<typeof jsonPatch>[1]);
      } catch (error) {
        if (!(error instanceof PatchFailure)) throw error;
        throw invalid(
          type,
          name,
          `the server rejected our request due to an error in our request: ${error.message}`,
        );
      }
    case 'application/strategic-merge-patch+json':
      if (!type.isCustom && isJsonObject(patch)) return strategicMergePatch(current, patch);
  }
  const accepted = [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(type.isCustom ? [] : ['application/strategic-merge-patch+json']),
  ];
  throw unsupportedMediaType(accepted);
}

const unsupportedMediaType = (accepted: readonly string[]) =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** DELETE: at once, or when the last finalizer is gone. */
export function deleteObject(request: ApiRequest, context: WriteContext): KubeObject {
  const { type, body } = request;
  const current = requireObject(request, context.store);
  const options = body === '' ? {} : parseBody(body);
  const preconditions = isJsonObject(options) ? options['preconditions'] : undefined;
  const uid = isJsonObject(preconditions) ? preconditions['uid'] : undefined;
  if (uid !== undefined && uid !== metaText(current, 'uid')) {
    throw uidConflict(request, String(uid), current);
  }
  if (!hasFinalizers(current)) {
    return fromStored(type, context.store.remove(type, toStored(type, current)));
  }
  if (metaText(current, 'deletionTimestamp') !== '') return current;
  const marked = withMeta(current, {
    deletionTimestamp: timestamp(context.nowMs()),
    deletionGracePeriodSeconds: 0,
  });
  return fromStored(type, context.store.put(type, toStored(type, marked)));
}

export function requireObject(
  { type, namespace, name }: ApiRequest,
  store: Pick<ObjectStore, 'find'>,
): KubeObject {
  const object = store.find(type, namespace, name);
  if (object === undefined) throw notFound(type, name);
  return fromStored(type, object);
}

/** Puts the changed object in the place of the current one, unless somebody else was faster. */
function replace(
  request: ApiRequest,
  { store }: WriteContext,
  current: KubeObject,
  sent: KubeObject,
): KubeObject {
  const { type, name } = request;
  const basis = metaText(sent, 'resourceVersion');
  if (basis !== '' && basis !== metaText(current, 'resourceVersion')) throw conflict(type, name);
  const uid = metaText(sent, 'uid');
  if (uid !== '' && uid !== metaText(current, 'uid')) throw uidConflict(request, uid, current);
  const next = withServerFields(current, partThatChanges(request, current, sent));
  // A change that changes nothing is none: no new revision, no event.
  if (isSameJson(next, current)) return current;
  if (metaText(next, 'deletionTimestamp') !== '' && !hasFinalizers(next)) {
    return fromStored(type, store.remove(type, toStored(type, next)));
  }
  return fromStored(type, store.put(type, toStored(type, next)));
}

/** The status changes only by its own path, and by it nothing else does. */
function partThatChanges(
  { type, subresource }: ApiRequest,
  current: KubeObject,
  sent: KubeObject,
): KubeObject {
  if (!type.hasStatus) return sent;
  const { status: sentStatus, ...sentRest } = sent;
  const { status: currentStatus, ...currentRest } = current;
  const [rest, status] =
    subresource === 'status' ? [currentRest, sentStatus] : [sentRest, currentStatus];
  return (status === undefined ? rest : { ...rest, status }) as KubeObject;
}

/** What no caller may choose. */
function withServerFields(current: KubeObject, next: KubeObject): KubeObject {
  const { metadata } = current;
  const isSpecSame = isSameJson(current['spec'], next['spec']);
  const generation = typeof metadata['generation'] === 'number' ? metadata['generation'] : 1;
  return withMeta(next, {
    name: metadata.name,
    namespace: metadata['namespace'],
    uid: metadata['uid'],
    creationTimestamp: metadata['creationTimestamp'],
    deletionTimestamp: metadata['deletionTimestamp'],
    deletionGracePeriodSeconds: metadata['deletionGracePeriodSeconds'],
    generation: isSpecSame ? generation : generation + 1,
    resourceVersion: metadata['resourceVersion'],
  });
}

const uidConflict = ({ type, name }: ApiRequest, uid: string, current: KubeObject) =>
  conflict(
    type,
    name,
    `StorageError: invalid object, Code: 4, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metaText(current, 'uid')}`,
  );

const hasFinalizers = ({ metadata: { finalizers } }: KubeObject) =>
  Array.isArray(finalizers) && finalizers.length > 0;

const timestamp = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const generatedName = (prefix: string) =>
  prefix === '' ? '' : `${prefix}${randomUUID().slice(0, 5)}`;
