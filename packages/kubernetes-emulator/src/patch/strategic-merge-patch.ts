import { isJsonObject, isSameJson, type Json, type JsonObject } from '../json.ts';

/**
 * How the lists of built-in types merge, by their path: the key by which items are the same, or `null`
 * for lists of plain values. Lists that are not here are replaced as a whole, as taints are. The template of a
 * workload is a pod, and init containers are containers.
 *
 * @see the `patchStrategy` and `patchMergeKey` tags in k8s.io/api/core/v1/types.go
 */
const MERGED_LISTS: Readonly<Record<string, string | null>> = {
  'metadata.finalizers': null,
  'metadata.ownerReferences': 'uid',
  'spec.podCIDRs': null,
  'spec.containers': 'name',
  'spec.volumes': 'name',
  'spec.imagePullSecrets': 'name',
  'spec.containers.env': 'name',
  'spec.containers.volumeMounts': 'mountPath',
  'spec.containers.ports': 'containerPort',
  'status.conditions': 'type',
  'status.addresses': 'type',
  'status.podIPs': 'ip',
};

/**
 * Applies a strategic merge patch: as a merge patch, but lists with a key merge item by item.
 *
 * Knows the directives `$patch` (`delete`, `replace`), `$deleteFromPrimitiveList`, `$setElementOrder`
 * (order is left as it is) and `$retainKeys`.
 */
export const strategicMergePatch = (target: Json | undefined, patch: JsonObject): Json =>
  mergeObject(isJsonObject(target) ? target : {}, patch, '');

function mergeObject(target: JsonObject, patch: JsonObject, path: string): JsonObject {
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === 'replace') return fields;
  if (directive === 'delete') return {};
  const merged: Record<string, Json> = Array.isArray(retained)
    ? Object.fromEntries(Object.entries(target).filter(([name]) => retained.includes(name)))
    : { ...target };
  for (const [name, value] of Object.entries(fields)) {
    const [, removedFrom] = /^\$deleteFromPrimitiveList\/(.*)$/.exec(name) ?? [];
    if (removedFrom !== undefined) {
      merged[removedFrom] = without(merged[removedFrom], value);
    } else if (name.startsWith('$setElementOrder/')) {
      // Where new items go in a list does not matter to anybody here.
    } else if (value === null) {
      delete merged[name];
    } else {
      merged[name] = mergeValue(merged[name], value, path === '' ? name : `${path}.${name}`);
    }
  }
  return merged;
}

function mergeValue(target: Json | undefined, patch: Json, path: string): Json {
  if (isJsonObject(patch)) return mergeObject(isJsonObject(target) ? target : {}, patch, path);
  const key =
    MERGED_LISTS[path.replace(/^spec\.template\./, '').replace('initContainers', 'containers')];
  if (!Array.isArray(patch) || key === undefined) return patch;
  const items = asList(target);
  if (key === null) return [...items, ...asList(patch).filter((item) => !items.includes(item))];
  return mergeList(items, asList(patch), key, path);
}

function mergeList(
  target: readonly Json[],
  patch: readonly Json[],
  key: string,
  path: string,
): readonly Json[] {
  const isReplacement = (item: Json) => isJsonObject(item) && item['$patch'] === 'replace';
  const changes = patch.filter((item) => !isReplacement(item));
  let items = patch.some(isReplacement) ? [] : target;
  for (const change of changes) {
    if (!isJsonObject(change)) continue;
    const isMeant = (item: Json) => isJsonObject(item) && isSameJson(item[key], change[key]);
    const index = items.findIndex(isMeant);
    const found = items[index];
    if (change['$patch'] === 'delete') items = items.filter((item) => !isMeant(item));
    else if (!isJsonObject(found)) items = [...items, mergeObject({}, change, path)];
    else {
      const merged = mergeObject(found, change, path);
      items = items.map((item, at) => (at === index ? merged : item));
    }
  }
  return items;
}

const asList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const without = (list: Json | undefined, removed: Json): readonly Json[] =>
  asList(list).filter((item) => !asList(removed).includes(item));
