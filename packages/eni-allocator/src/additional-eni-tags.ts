import { isReservedTagKey } from './eni-tags.ts';

/** What became of the tags an operator asked for. */
export interface AdditionalEniTags {
  readonly tags: Readonly<Record<string, string>>;
  readonly refusals: readonly TagRefusal[];
}

/** A tag that ENIs will not get. `key` is missing when the text as a whole is no use. */
export interface TagRefusal {
  readonly key?: string;
  readonly reason: string;
}

/** EC2's limits. */
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;
const MAX_TAGS = 50;
/** What the allocator adds itself, at most. */
const OWN_TAGS = 4;

/**
 * The tags in a text like `{"team": "network"}`, the form of `ADDITIONAL_ENI_TAGS`.
 *
 * A text that is no JSON object of strings gives no tags at all, as with the reference
 * implementation. A single tag is refused when its key contains `k8s.amazonaws.com`, or when EC2 would
 * refuse it, and with it every ENI: keys of AWS's own (`aws:`), an empty one, too long or too many.
 */
export function parseAdditionalEniTags(text: string): AdditionalEniTags {
  if (text === '') {
    return { tags: {}, refusals: [] };
  }
  const entries = entriesOf(text);
  if (entries === undefined) {
    const reason = 'expected a JSON object of strings, such as {"team": "network"}';
    return { tags: {}, refusals: [{ reason }] };
  }
  const tags = new Map<string, string>();
  const refusals: TagRefusal[] = [];
  for (const [key, value] of entries) {
    const reason = refusalOf(key, value, tags.size);
    if (reason === undefined) {
      tags.set(key, value);
    } else {
      refusals.push({ key, reason });
    }
  }
  return { tags: Object.fromEntries(tags), refusals };
}

function entriesOf(text: string): readonly [string, string][] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  const entries: [string, unknown][] = Object.entries(value);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? entries
    : undefined;
}

function refusalOf(key: string, value: string, tagCount: number): string | undefined {
  if (isReservedTagKey(key)) {
    return 'keys with k8s.amazonaws.com are reserved';
  }
  if (key.toLowerCase().startsWith('aws:')) {
    return 'keys that start with aws: are reserved by AWS';
  }
  if (key === '' || lengthOf(key) > MAX_KEY_LENGTH) {
    return `expected a key of 1 to ${MAX_KEY_LENGTH} characters, received ${lengthOf(key)}`;
  }
  if (lengthOf(value) > MAX_VALUE_LENGTH) {
    return `expected a value of at most ${MAX_VALUE_LENGTH} characters, received ${lengthOf(value)}`;
  }
  return tagCount >= MAX_TAGS - OWN_TAGS
    ? `EC2 takes ${MAX_TAGS} tags, of which ${OWN_TAGS} are needed`
    : undefined;
}

/** In Unicode characters, as EC2 counts. */
const lengthOf = (text: string): number => [...text].length;
