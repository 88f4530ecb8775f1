import type { KubeObject } from './kube-object.ts';
import { metaText, withMeta } from './kube-object.ts';
import type { ResourceType } from './resource-type.ts';

/** One change of one object. */
export interface Change {
  readonly revision: number;
  readonly kind: 'added' | 'modified' | 'deleted';
  /** After the change; of a deleted object the last that was known, with the revision of its end. */
  readonly object: KubeObject;
  /** Before the change. */
  readonly previous: KubeObject | undefined;
}

/** Objects of one resource are kept together, whatever version or group they are asked for by. */
export const storageKeyOf = ({ group, plural }: ResourceType): string =>
  `${plural}.${group === 'events.k8s.io' ? '' : group}`;

const nameIn = (object: KubeObject) => `${metaText(object, 'namespace')}/${object.metadata.name}`;

/** All objects, the revision that counts their changes, and the changes that watches can start from. */
export class ObjectStore {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Map<string, Set<(change: Change) => void>>();
  readonly #historyLimit: number;
  #history: { readonly key: string; readonly change: Change }[] = [];
  #revision = 1;
  /** Changes up to this one are forgotten. */
  #compactedRevision = 0;

  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get revision(): number {
    return this.#revision;
  }

  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  find(type: ResourceType, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(storageKeyOf(type))?.get(`${namespace}/${name}`);
  }

  /** In the order of their names. */
  list(type: ResourceType): readonly KubeObject[] {
    const objects = [...(this.#objects.get(storageKeyOf(type)) ?? new Map<string, KubeObject>())];
    return objects.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Puts an object in, new or instead of the one of its name; returns it with its revision. */
  put(type: ResourceType, object: KubeObject): KubeObject {
    const objects = this.#objectsOf(type);
    const previous = objects.get(nameIn(object));
    const stored = this.#stamped(object);
    objects.set(nameIn(object), stored);
    this.#tell(type, {
      revision: this.#revision,
      kind: previous === undefined ? 'added' : 'modified',
      object: stored,
      previous,
    });
    return stored;
  }

  remove(type: ResourceType, object: KubeObject): KubeObject {
    this.#objectsOf(type).delete(nameIn(object));
    const stored = this.#stamped(object);
    this.#tell(type, {
      revision: this.#revision,
      kind: 'deleted',
      object: stored,
      previous: object,
    });
    return stored;
  }

  /** Changes after `revision`; `undefined` when they are forgotten. */
  changesSince(type: ResourceType, revision: number): readonly Change[] | undefined {
    if (revision < this.#compactedRevision) return undefined;
    const key = storageKeyOf(type);
    return this.#history
      .filter((entry) => entry.key === key && entry.change.revision > revision)
      .map(({ change }) => change);
  }

  /** @returns to be called when it is enough. */
  onChange(type: ResourceType, listener: (change: Change) => void): () => void {
    const key = storageKeyOf(type);
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Forgets all changes up to now, as etcd does every five minutes. */
  compact(): void {
    this.#history = [];
    this.#compactedRevision = this.#revision;
  }

  #objectsOf(type: ResourceType): Map<string, KubeObject> {
    const key = storageKeyOf(type);
    const objects = this.#objects.get(key) ?? new Map<string, KubeObject>();
    this.#objects.set(key, objects);
    return objects;
  }

  #stamped(object: KubeObject): KubeObject {
    this.#revision += 1;
    return withMeta(object, { resourceVersion: String(this.#revision) });
  }

  #tell(type: ResourceType, change: Change): void {
    const key = storageKeyOf(type);
    this.#history.push({ key, change });
    if (this.#history.length > 1.5 * this.#historyLimit) {
      const forgotten = this.#history.splice(0, this.#history.length - this.#historyLimit);
      this.#compactedRevision = forgotten.at(-1)?.change.revision ?? this.#compactedRevision;
    }
    for (const listener of [...(this.#listeners.get(key) ?? [])]) listener(change);
  }
}
