import { CliError } from './cli-error.ts';
import type { Terminal } from './terminal.ts';

/**
 * A JSON document from a file, or from the input stream for `-`.
 *
 * @throws {CliError} when it cannot be read or is no JSON.
 */
export async function readJson(field: string, path: string, terminal: Terminal): Promise<unknown> {
  const content = await terminal.read(path).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(field, path, `name a file that can be read (${reason})`);
  });
  try {
    return JSON.parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(field, path, `correct its JSON (${reason})`);
  }
}

/** The fields of a JSON object, read one by one; what is missing or of another kind is named. */
export interface Fields {
  has(name: string): boolean;
  number(name: string): number;
  optionalNumber(name: string): number | undefined;
  text(name: string): string;
  list(name: string): readonly unknown[];
  object(name: string): Fields;
  readonly all: Readonly<Record<string, unknown>>;
}

export function fieldsOf(path: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(path, JSON.stringify(value) ?? '', 'write a JSON object here');
  }
  const all = value as Readonly<Record<string, unknown>>;
  const expect = <T>(name: string, what: string, is: (found: unknown) => found is T): T => {
    const found = all[name];
    if (!is(found)) {
      throw new CliError(`${path}.${name}`, JSON.stringify(found) ?? '', `write ${what} here`);
    }
    return found;
  };
  const number = (name: string) => expect(name, 'a number', isNumber);
  return {
    all,
    has: (name) => all[name] !== undefined,
    number,
    optionalNumber: (name) => (all[name] === undefined ? undefined : number(name)),
    text: (name) => expect(name, 'a text', (found) => typeof found === 'string'),
    list: (name) => expect(name, 'a list', (found): found is unknown[] => Array.isArray(found)),
    object: (name) => fieldsOf(`${path}.${name}`, all[name]),
  };
}

const isNumber = (found: unknown): found is number =>
  typeof found === 'number' && Number.isFinite(found);
