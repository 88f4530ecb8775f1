import { Ec2Error, invalidValue, required } from './ec2-error.ts';

/** Tags of one resource, in the order in which they were set. */
export type Tags = Map<string, string>;

/** A tag as it comes over the wire. */
export interface TagInput {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const MAX_TAGS = 50;

/**
 * Sets tags on a resource; an existing key is overwritten.
 *
 * @throws {Ec2Error} `InvalidParameterValue` for a reserved or overlong key,
 *   `TagLimitExceeded` for more than 50 tags.
 */
export function setTags(tags: Tags, input: readonly TagInput[]): void {
  const merged = new Map(tags);
  for (const tag of input) {
    merged.set(validKey(required(tag.Key, 'key')), validTagValue(tag.Value ?? ''));
  }
  if (merged.size > MAX_TAGS) {
    throw new Ec2Error(
      'TagLimitExceeded',
      "You've reached the limit on the number of tags that you can assign to the specified resource.",
    );
  }
  for (const [key, value] of merged) {
    tags.set(key, value);
  }
}

/** Removes tags: a key with a value only when the value matches; no tags at all means every tag. */
export function removeTags(tags: Tags, input: readonly TagInput[] | undefined): void {
  if (input === undefined || input.length === 0) {
    tags.clear();
    return;
  }
  for (const tag of input) {
    const key = required(tag.Key, 'key');
    if (tag.Value === undefined || tags.get(key) === tag.Value) {
      tags.delete(key);
    }
  }
}

/** Tags from a plain object. */
export const tagsOf = (input: Readonly<Record<string, string>> = {}): Tags =>
  new Map(Object.entries(input));

function validKey(key: string): string {
  if (key.toLowerCase().startsWith('aws:')) {
    throw invalidValue(`Tag keys starting with 'aws:' are reserved for internal use`);
  }
  if (key.length > 127) {
    throw invalidValue(`Tag key exceeds the maximum length of 127 characters`);
  }
  return key;
}

function validTagValue(value: string): string {
  if (value.length > 255) {
    throw invalidValue(`Tag value exceeds the maximum length of 255 characters`);
  }
  return value;
}
