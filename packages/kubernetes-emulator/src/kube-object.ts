import type { Json, JsonObject } from './json.ts';

/** What every object has in `metadata`, as far as this server looks at it. */
export interface ObjectMeta extends JsonObject {
  readonly name: string;
}

/** An object of the API. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A text of an object's metadata; empty when it is not there. */
export function metaText(object: KubeObject, name: string): string {
  const value = object.metadata[name];
  return typeof value === 'string' ? value : '';
}

/** The object with other metadata; a value of `undefined` removes the field. */
export function withMeta(
  object: KubeObject,
  changes: Readonly<Record<string, Json | undefined>>,
): KubeObject {
  const fields = Object.entries({ ...object.metadata, ...changes }).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return { ...object, metadata: { name: object.metadata.name, ...Object.fromEntries(fields) } };
}
