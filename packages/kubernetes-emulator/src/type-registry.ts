import { at, type Json } from './json.ts';
import type { KubeObject } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import {
  apiVersionOf,
  builtInTypes,
  CUSTOM_RESOURCE_DEFINITIONS,
  type ResourceType,
} from './resource-type.ts';

/** The types that the server knows at the moment: its own, and those that are defined in it. */
export class TypeRegistry {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  all(): readonly ResourceType[] {
    return [...builtInTypes, ...this.#store.list(CUSTOM_RESOURCE_DEFINITIONS).flatMap(typesOf)];
  }

  /** By the names in a path. */
  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.all().find(
      (type) => type.group === group && type.version === version && type.plural === plural,
    );
  }

  /** By the names in an object. */
  findKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all().find((type) => apiVersionOf(type) === apiVersion && type.kind === kind);
  }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.map((item: Json) => text(item)) : [];

function typesOf(definition: KubeObject): readonly ResourceType[] {
  const versions = at(definition, 'spec.versions');
  const plural = text(at(definition, 'spec.names.plural'));
  const kind = text(at(definition, 'spec.names.kind'));
  return (Array.isArray(versions) ? (versions as readonly Json[]) : [])
    .filter((version) => at(version, 'served') !== false)
    .map((version) => ({
      group: text(at(definition, 'spec.group')),
      version: text(at(version, 'name')),
      kind,
      plural,
      singular: text(at(definition, 'spec.names.singular')) || kind.toLowerCase(),
      shortNames: texts(at(definition, 'spec.names.shortNames')),
      isNamespaced: at(definition, 'spec.scope') !== 'Cluster',
      hasStatus: at(version, 'subresources.status') !== undefined,
      isCustom: true,
      selectableFields: [],
    }));
}
