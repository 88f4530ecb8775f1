import { CNI_ERROR, CniError } from './cni-error.ts';
import { canonicalIp } from './ip-text.ts';
import { showValue } from './json-object.ts';

/** How the value of one key of `CNI_ARGS` is read. */
export type ArgKind = 'string' | 'bool' | 'ip';

/** The keys that a plugin knows. Keys match exactly, upper and lower case being different. */
export type ArgsSchema = Readonly<Record<string, ArgKind>>;

/** What was given, by key; `bool` as boolean, `ip` in canonical text. */
export type CniArgs<S extends ArgsSchema> = {
  readonly [K in keyof S]?: S[K] extends 'bool' ? boolean : string;
};

/**
 * Reads `CNI_ARGS`, `KEY=VALUE;KEY=VALUE`.
 *
 * There is no escaping: a trailing `;`, a key without value and a value that contains `=` make the
 * whole text invalid. Of duplicates the last counts. A key that `schema` does not name is an error
 * unless the text says `IgnoreUnknown=1` (or `true`), at any place.
 *
 * @throws {CniError} 4.
 * @see CNI conventions, "CNI_ARGS"
 */
export function parseArgs<const S extends ArgsSchema>(text: string, schema: S): CniArgs<S> {
  const values = new Map<string, string | boolean>();
  const unknown: string[] = [];
  let isUnknownIgnored = false;
  for (const pair of text === '' ? [] : text.split(';')) {
    const [key = '', value = '', ...rest] = pair.split('=');
    if (rest.length > 0 || !pair.includes('='))
      throw invalidArgs(`${showValue(pair)} is not KEY=VALUE`);
    if (key === 'IgnoreUnknown') isUnknownIgnored = parseBool(key, value);
    const kind = Object.hasOwn(schema, key) ? schema[key] : undefined;
    if (kind !== undefined) {
      const parsed = parseValue(key, value, kind);
      if (parsed === undefined) values.delete(key);
      else values.set(key, parsed);
    } else if (key !== 'IgnoreUnknown') {
      unknown.push(pair);
    }
  }
  if (unknown.length > 0 && !isUnknownIgnored) {
    throw invalidArgs(`unknown: ${unknown.map(showValue).join(', ')}; IgnoreUnknown=1 allows them`);
  }
  return Object.fromEntries(values) as CniArgs<S>; // filled by the schema's kinds
}

/**
 * Formats pairs as `CNI_ARGS`, in their order.
 *
 * @throws {CniError} 4 for an empty key, and for a `;`, `=` or NUL: there is no escaping, so the text
 *   would mean something else to the plugin.
 */
export function formatArgs(pairs: readonly (readonly [key: string, value: string])[]): string {
  for (const [key, value] of pairs) {
    if (key === '' || /[;=\0]/.test(`${key}${value}`)) {
      throw invalidArgs(`${showValue(`${key}=${value}`)} cannot be written as KEY=VALUE`);
    }
  }
  return pairs.map((pair) => pair.join('=')).join(';');
}

/** An empty address is none; every other empty value is one. */
function parseValue(key: string, value: string, kind: ArgKind): string | boolean | undefined {
  if (kind === 'string') return value;
  if (kind === 'bool') return parseBool(key, value);
  if (value === '') return undefined;
  try {
    return canonicalIp(value, key);
  } catch (cause) {
    throw invalidArgs(`${key}=${showValue(value)} is not an IP address`, { cause });
  }
}

function parseBool(key: string, value: string): boolean {
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  throw invalidArgs(`${key}=${showValue(value)} is neither 1, true, 0 nor false`);
}

const invalidArgs = (details: string, options?: ErrorOptions) =>
  new CniError(CNI_ERROR.invalidEnvironment, 'invalid CNI_ARGS', details, options);
