import { isJsonObject, isSameJson, type Json } from '../json.ts';

/** The patch cannot be applied to this object. */
export class PatchFailure extends Error {
  override readonly name = 'PatchFailure';
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: Json;
}

/**
 * Applies a JSON patch, all of it or nothing.
 *
 * @throws {PatchFailure} when an operation is unknown, its place is not there, or a test fails.
 * @see RFC 6902
 */
export function jsonPatch(target: Json, operations: readonly Operation[]): Json {
  return operations.reduce(applyOperation, target);
}

function applyOperation(document: Json, operation: Operation): Json {
  const { op, path, from = '', value = null } = operation;
  switch (op) {
    case 'add':
      return put(document, path, value);
    case 'replace':
      return put(remove(document, path), path, value);
    case 'remove':
      return remove(document, path);
    case 'move':
      return put(remove(document, from), path, valueAt(document, from));
    case 'copy':
      return put(document, path, valueAt(document, from));
    case 'test':
      if (isSameJson(valueAt(document, path), value)) return document;
      throw new PatchFailure(`testing value ${path} failed`);
    default:
      throw new PatchFailure(`unexpected kind of operation: ${op}`);
  }
}

const namesIn = (path: string): readonly string[] =>
  path
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));

function valueAt(document: Json, path: string): Json {
  return namesIn(path).reduce((place, name) => childOf(place, name, path), document);
}

function childOf(place: Json, name: string, path: string): Json {
  const child = isJsonObject(place)
    ? place[name]
    : Array.isArray(place)
      ? (place as readonly Json[])[Number(name)]
      : undefined;
  if (child === undefined) throw new PatchFailure(`missing path: ${path}`);
  return child;
}

/** The document with another value in one place; a list grows at an index, or at its end for `-`. */
function put(document: Json, path: string, value: Json): Json {
  const change = (place: Json, names: readonly string[]): Json => {
    const [name, ...rest] = names;
    if (name === undefined) return value;
    const isLast = rest.length === 0;
    if (Array.isArray(place)) {
      const items: readonly Json[] = place;
      const index = name === '-' ? items.length : Number(name);
      if (!(index >= 0 && index <= items.length)) throw new PatchFailure(`missing path: ${path}`);
      if (isLast) return [...items.slice(0, index), value, ...items.slice(index)];
      const changed = change(childOf(place, name, path), rest);
      return items.map((item, at) => (at === index ? changed : item));
    }
    if (!isJsonObject(place)) throw new PatchFailure(`missing path: ${path}`);
    return { ...place, [name]: isLast ? value : change(childOf(place, name, path), rest) };
  };
  return change(document, namesIn(path));
}

function remove(document: Json, path: string): Json {
  valueAt(document, path); // what is not there cannot be removed
  const change = (place: Json, names: readonly string[]): Json => {
    const [name = '', ...rest] = names;
    if (Array.isArray(place)) {
      const items: readonly Json[] = place;
      const index = Number(name);
      if (rest.length === 0) return items.filter((_, at) => at !== index);
      return items.map((item, at) => (at === index ? change(item, rest) : item));
    }
    if (!isJsonObject(place)) return place;
    const { [name]: child, ...others } = place;
    return rest.length === 0 || child === undefined
      ? others
      : { ...place, [name]: change(child, rest) };
  };
  const names = namesIn(path);
  return names.length === 0 ? null : change(document, names);
}
