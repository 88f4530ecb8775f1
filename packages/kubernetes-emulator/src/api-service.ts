import { type Identities, type Identity, requireAllowed } from './access.ts';
import { ApiError, noSuchPath, statusOf } from './api-error.ts';
import { type ApiRequest, readApiRequest, ruleNameOf } from './api-request.ts';
import type { CallGate } from './call-gate.ts';
import type { Clock } from './clock.ts';
import { discover } from './discovery.ts';
import type { JournalEntry } from './journal.ts';
import type { ObjectStore } from './object-store.ts';
import { listObjects, selectorOf } from './read-objects.ts';
import { jsonResponse, type Service, type ServiceResponse } from './service.ts';
import type { TypeRegistry } from './type-registry.ts';
import { openWatch, type Watch, type WatchOptions } from './watch.ts';
import {
  createObject,
  deleteObject,
  patchObject,
  rehearsalOn,
  requireObject,
  updateObject,
} from './write-object.ts';

export interface ApiServiceOptions extends Pick<WatchOptions, 'bookmarkIntervalMs' | 'timeoutMs'> {
  readonly store: ObjectStore;
  readonly types: TypeRegistry;
  readonly identities: Identities;
  readonly gate: CallGate;
  readonly clock: Clock;
  readonly record: (entry: JournalEntry) => void;
  /** Told of every watch that is opened. */
  readonly onWatch: (watch: Watch) => void;
}

/** The API server: who asks, for what, may they, and then what comes of it. */
export function createApiService(options: ApiServiceOptions): Service {
  const { types, identities, gate, clock, record } = options;

  return async (request, signal) => {
    const atMs = clock.nowMs();
    const note = (api: ApiRequest, { user }: Identity, status: number) =>
      record({
        atMs,
        user,
        verb: api.verb,
        resource: ruleNameOf(api),
        namespace: api.namespace,
        name: api.name,
        query: Object.fromEntries(api.query),
        contentType: api.contentType,
        body: api.body,
        status,
      });
    try {
      const identity = identities.of(request);
      const discovery = discover(request, types);
      if (discovery !== undefined) return discovery;
      const api = readApiRequest(request, types);
      if (api === undefined) throw noSuchPath();
      try {
        const response = await answer(api, identity, signal);
        note(api, identity, response.status);
        return response;
      } catch (error) {
        note(api, identity, error instanceof ApiError ? error.status : 0);
        throw error;
      }
    } catch (error) {
      if (error instanceof ApiError) return refusalOf(error);
      throw error;
    }
  };

  async function answer(
    api: ApiRequest,
    identity: Identity,
    signal: AbortSignal,
  ): Promise<ServiceResponse> {
    await gate.enter(api, signal);
    requireAllowed(identity, api);
    const response = perform(api, signal);
    gate.leave(api);
    return response;
  }

  function perform(api: ApiRequest, signal: AbortSignal): ServiceResponse {
    const { store } = options;
    const isRehearsal = api.query.get('dryRun') === 'All';
    const context = { store: isRehearsal ? rehearsalOn(store) : store, nowMs: clock.nowMs };
    switch (api.verb) {
      case 'get':
        return jsonResponse(200, requireObject(api, store));
      case 'list':
        return jsonResponse(200, listObjects(api, store));
      case 'watch': {
        const watch = openWatch(api, { ...options, selects: selectorOf(api) });
        signal.addEventListener('abort', () => watch.end(), { once: true, signal: watch.ended });
        options.onWatch(watch);
        const headers = { 'content-type': 'application/json;stream=watch' };
        return { status: 200, headers, body: watch.lines };
      }
      case 'create':
        return jsonResponse(201, createObject(api, context));
      case 'update':
        return jsonResponse(200, updateObject(api, context));
      case 'patch':
        return jsonResponse(200, patchObject(api, context));
      case 'delete':
        return jsonResponse(200, deleteObject(api, context));
    }
  }
}

function refusalOf(error: ApiError): ServiceResponse {
  const { status, headers, body } = jsonResponse(error.status, statusOf(error));
  const { retryAfterSeconds } = error.details;
  const retryAfter =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return { status, headers: { ...headers, ...retryAfter }, body };
}
