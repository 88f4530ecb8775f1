import { CNI_ERROR, CniError, isCniError } from './cni-error.ts';

/** A JSON object as parsed, with nothing known about its members. */
export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_SHOWN_CHARACTERS = 120;

/** A value as error texts show it: short whatever the input. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') {
    const isLong = value.length > MAX_SHOWN_CHARACTERS;
    return isLong
      ? `${JSON.stringify(value.slice(0, MAX_SHOWN_CHARACTERS))}…`
      : JSON.stringify(value);
  }
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** The error of a member that has the wrong JSON type or an unreadable text. */
export const decodingError = (where: string, expected: string, got: unknown): CniError =>
  malformed(where, `expected ${expected}, got ${showValue(got)}`);

/** Longest document that is read, in UTF-16 units: far above what any runtime sends. */
export const MAX_DOCUMENT_LENGTH = 1024 * 1024;

/** Deepest nesting that is read: what goes deeper could not be printed again. */
const MAX_NESTING = 1000;

/**
 * Parses a text that must hold one JSON object and nothing else; `null` counts as an empty one.
 *
 * @param what what the text is, for the error.
 * @param maxLength in UTF-16 units.
 * @throws {CniError} 6 when it does not, is too long, or nests deeper than 1000 levels.
 */
export function parseJsonObject(
  text: string,
  what: string,
  maxLength = MAX_DOCUMENT_LENGTH,
): JsonObject {
  if (text.length > maxLength) {
    throw malformed(what, `expected at most ${maxLength} characters, got ${text.length}`);
  }
  const value = parseJson(text, what) ?? {};
  if (isNestedTooDeeply(text)) {
    throw malformed(what, `expected at most ${MAX_NESTING} levels of nesting, got more`);
  }
  if (!isJsonObject(value)) throw decodingError(what, 'a JSON object', value);
  return value;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw malformed(what, `it is not JSON: ${reason}; the text is ${showValue(text)}`, { cause });
  }
}

/** Counts brackets outside of texts. Only for JSON: other texts could cost quadratic time here. */
function isNestedTooDeeply(json: string): boolean {
  if (json.length <= 2 * MAX_NESTING) return false; // too short for so many brackets
  let depth = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > MAX_NESTING) return true;
  }
  return false;
}

const malformed = (what: string, details: string, options?: ErrorOptions) =>
  new CniError(CNI_ERROR.decoding, `malformed ${what}`, details, options);

/**
 * What `read` gives; its CNI errors say where, in front of their details.
 *
 * @param where place of what is read in something larger: `plugins[1]`, a file.
 */
export function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (caught) {
    if (!isCniError(caught)) throw caught;
    const details = `in ${where}: ${caught.details ?? caught.msg}`;
    throw new CniError(caught.code, caught.msg, details, { cause: caught });
  }
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

// The readers below give `undefined` for a member that is absent or `null`: the two mean the same in CNI.

export function optionalText(object: JsonObject, key: string, where: string): string | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw decodingError(where, 'a text', value);
}

export function optionalInteger(
  object: JsonObject,
  key: string,
  where: string,
): number | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw decodingError(where, 'an integer', value);
  }
  return value === 0 ? 0 : value; // JSON has a negative zero, CNI has not
}

export function optionalObject(
  object: JsonObject,
  key: string,
  where: string,
): JsonObject | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || isJsonObject(value)) return value;
  throw decodingError(where, 'an object', value);
}

export function optionalList(
  object: JsonObject,
  key: string,
  where: string,
): readonly unknown[] | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || Array.isArray(value)) return value;
  throw decodingError(where, 'a list', value);
}

/** Members of a list of objects, decoded one by one; an absent list is empty. */
export function decodeObjects<T>(
  object: JsonObject,
  key: string,
  where: string,
  decode: (member: JsonObject, where: string) => T,
): readonly T[] {
  return (optionalList(object, key, where) ?? []).map((member, index) => {
    const memberWhere = `${where}[${index}]`;
    if (!isJsonObject(member)) throw decodingError(memberWhere, 'an object', member);
    return decode(member, memberWhere);
  });
}

/** Members of a list of texts; an absent list is empty. */
export function decodeTexts(object: JsonObject, key: string, where: string): readonly string[] {
  return (optionalList(object, key, where) ?? []).map((member, index) => {
    if (typeof member !== 'string') throw decodingError(`${where}[${index}]`, 'a text', member);
    return member;
  });
}

/** The same members without those that are `undefined`, as `exactOptionalPropertyTypes` wants them. */
export type Present<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function present<T extends object>(members: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const key in members) if (members[key] !== undefined) kept[key] = members[key];
  return kept as Present<T>; // by construction
}
