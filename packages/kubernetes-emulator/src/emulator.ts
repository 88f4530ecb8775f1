import { administrator, Identities, type Identity } from './access.ts';
import { createApiService } from './api-service.ts';
import { CallGate } from './call-gate.ts';
import { type Clock, systemClock } from './clock.ts';
import { vpcCniDefinitions } from './crds.ts';
import { HttpEndpoint } from './http-endpoint.ts';
import { type InProcessCall, InProcessDoor } from './in-process.ts';
import type { JournalEntry } from './journal.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import type { Knobs, Unavailability } from './knobs.ts';
import { type KubeObject, metaText } from './kube-object.ts';
import { ObjectStore } from './object-store.ts';
import { mergePatch } from './patch/merge-patch.ts';
import type { ResourceType } from './resource-type.ts';
import { selfSigned } from './self-signed.ts';
import { ConnectionCut } from './service.ts';
import { TypeRegistry } from './type-registry.ts';
import type { Watch } from './watch.ts';
import { createObject, deleteObject, type WriteContext } from './write-object.ts';

export interface KubernetesEmulatorOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Who comes without a token; by default the administrator. `undefined` refuses them. */
  readonly withoutToken?: Identity | undefined;
  /** How many changes watches can go back; default 10,000. */
  readonly historyLimit?: number;
  /** How often watches that asked for bookmarks get one; default 60,000 ms. */
  readonly bookmarkIntervalMs?: number;
  /** How long a watch lasts whose request does not say; default 30 minutes. */
  readonly watchTimeoutMs?: number;
}

/** Names an object. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  /** Default: none. */
  readonly namespace?: string;
  readonly name: string;
}

/** An API server in memory, with what people and controllers do to its objects. */
export interface KubernetesEmulator {
  readonly knobs: Knobs;
  /** The requests that spoke of a resource, in order of their answers. */
  readonly journal: readonly JournalEntry[];
  /** How many watches are open. */
  readonly watchCount: number;
  /** Puts an object in, as an administrator does. @throws {ApiError} when it is there. */
  create(object: KubeObject): KubeObject;
  /** Changes an object by a merge patch, status included. @throws {TypeError} when it is not there. */
  change(name: ObjectName, patch: JsonObject): KubeObject;
  /** @throws {ApiError} when it is not there. */
  remove(name: ObjectName): void;
  find(name: ObjectName): KubeObject | undefined;
  /** All objects of a kind, in the order of their names. */
  list(kind: Pick<ObjectName, 'apiVersion' | 'kind'>): readonly KubeObject[];
  /** Makes a token known, changes what its owner may do, or (`undefined`) makes it unknown. */
  setIdentity(token: string, identity: Identity | undefined): void;
  /** Listens; with `tls` as HTTPS with a certificate for `host`, which is in the answer. */
  listen(at: {
    readonly host: string;
    readonly port: number;
    readonly tls?: boolean;
  }): Promise<{ readonly url: string; readonly caCertificate: string | undefined }>;
  /** Calls without a socket, so that time stands still until the clock is moved. */
  readonly inProcess: InProcessCall;
  close(): Promise<void>;
}

/**
 * Starts an API server in memory, with the namespaces `default` and `kube-system` and the definitions of
 * `ENIConfig` and `CNINode`.
 */
export function createKubernetesEmulator(
  options: KubernetesEmulatorOptions = {},
): KubernetesEmulator {
  const { clock = systemClock } = options;
  const store = new ObjectStore(options.historyLimit ?? 10_000);
  const types = new TypeRegistry(store);
  const withoutToken = 'withoutToken' in options ? options.withoutToken : administrator;
  const identities = new Identities(withoutToken);
  const gate = new CallGate(clock);
  const journal: JournalEntry[] = [];
  const watches = new Set<Watch>();
  const endpoints: HttpEndpoint[] = [];
  const context: WriteContext = { store, nowMs: clock.nowMs };

  const service = createApiService({
    store,
    types,
    identities,
    gate,
    clock,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000,
    timeoutMs: options.watchTimeoutMs ?? 1_800_000,
    record: (entry) => journal.push(entry),
    onWatch: (watch) => {
      watches.add(watch);
      watch.ended.addEventListener('abort', () => watches.delete(watch), { once: true });
    },
  });
  const door = new InProcessDoor(service);

  const typeOf = ({ apiVersion, kind }: Pick<ObjectName, 'apiVersion' | 'kind'>): ResourceType => {
    const type = types.findKind(apiVersion, kind);
    if (type === undefined) throw new TypeError(`there is no kind ${kind} in ${apiVersion}`);
    return type;
  };
  const find = (name: ObjectName) => store.find(typeOf(name), name.namespace ?? '', name.name);
  const requestFor = (type: ResourceType, namespace: string, name: string, body = '') => ({
    verb: 'create' as const,
    type,
    namespace,
    name,
    subresource: undefined,
    query: new URLSearchParams(),
    contentType: 'application/json',
    body,
  });
  const create = (object: KubeObject) => {
    const namespace = metaText(object, 'namespace');
    return createObject(requestFor(typeOf(object), namespace, '', JSON.stringify(object)), context);
  };
  const endWatches = (error?: Error) => {
    for (const watch of [...watches]) watch.end(error);
  };
  const freezeWatches = () => {
    for (const watch of watches) watch.freeze();
  };
  const setUnavailable = async (mode: false | Unavailability) => {
    if (mode === 'hanging') freezeWatches();
    else endWatches(new ConnectionCut());
    door.setMode(mode || undefined);
    await Promise.all(endpoints.map((endpoint) => endpoint.setMode(mode || undefined)));
  };

  for (const name of ['default', 'kube-system']) {
    create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const definition of vpcCniDefinitions) create(definition);

  return {
    journal,
    get watchCount() {
      return watches.size;
    },
    knobs: {
      setLatency: (target, ms) => gate.setLatency(target, ms),
      failNext: (target, failure) => gate.failNext(target, failure),
      hang: (target) => gate.hang(target),
      resume: () => gate.resume(),
      endWatches: (how) => endWatches(how === 'cut' ? new ConnectionCut() : undefined),
      freezeWatches,
      compact: () => store.compact(),
      setUnavailable,
    },
    create,
    change: (name, patch) => {
      const current = find(name);
      const next = current && mergePatch(current, patch);
      if (!isJsonObject(next)) throw new TypeError(`there is no ${name.kind} ${name.name}`);
      return store.put(typeOf(name), next as KubeObject);
    },
    remove: (name) => {
      deleteObject(requestFor(typeOf(name), name.namespace ?? '', name.name), context);
    },
    find,
    list: (kind) => store.list(typeOf(kind)),
    setIdentity: (token, identity) => identities.set(token, identity),
    listen: async ({ host, port, tls = false }) => {
      const certificate = tls ? selfSigned(host, Date.now()) : undefined;
      const endpoint = new HttpEndpoint(service, { host, port, tls: certificate });
      await endpoint.open();
      endpoints.push(endpoint);
      return { url: endpoint.url, caCertificate: certificate?.cert };
    },
    inProcess: (request, callOptions) => door.call(request, callOptions),
    close: async () => {
      gate.resume();
      endWatches();
      await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    },
  };
}
