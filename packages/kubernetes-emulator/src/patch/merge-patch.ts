import { isJsonObject, type Json } from '../json.ts';

/**
 * Applies a JSON merge patch: objects merge, `null` removes, everything else replaces.
 *
 * @see RFC 7386
 */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged: Record<string, Json> = isJsonObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}
