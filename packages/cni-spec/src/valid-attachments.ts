import { decodeObjects, decodingError, type JsonObject, optionalText } from './json-object.ts';
import type { ValidAttachment } from './plugin-handlers.ts';

// The key of CNI 1.1.0, and the one of its early text, which runtimes send beside it.
const KEYS = ['cni.dev/valid-attachments', 'cni.dev/attachments'] as const;

/**
 * The attachments that a GC request lists as valid; `undefined` when it has no list at all.
 * `null` is what the reference runtime writes for an empty list.
 *
 * @throws {CniError} 6 when the list is malformed: an entry that cannot be read would not be protected.
 */
export function validAttachmentsOf(raw: JsonObject): readonly ValidAttachment[] | undefined {
  const key = KEYS.find((name) => Object.hasOwn(raw, name));
  return key && decodeObjects(raw, key, key, decodeAttachment);
}

function decodeAttachment(object: JsonObject, where: string): ValidAttachment {
  const required = (key: string) => {
    const text = optionalText(object, key, `${where}.${key}`);
    if (!text) throw decodingError(`${where}.${key}`, 'a non-empty text', text);
    return text;
  };
  return { containerID: required('containerID'), ifname: required('ifname') };
}
