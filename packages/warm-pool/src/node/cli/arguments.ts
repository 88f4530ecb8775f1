import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CliError } from './cli-error.ts';

/** One option of a command, as help shows it. */
export interface OptionSpec {
  /** How the value is called in help; none: a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly repeated?: boolean;
  readonly help: string;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line, by option name without dashes. */
export interface Arguments {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  /** The last value. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

/**
 * @throws {CliError} for an option that the command does not have, or one without its value.
 */
export function readArguments(args: readonly string[], specs: OptionSpecs): Arguments {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string', multiple: true } as const,
    ]),
  ) satisfies ParseArgsConfig['options'];
  const { values, positionals } = parse(args, options);
  const texts = (name: string): readonly string[] =>
    (values[name] ?? []).filter((value) => typeof value === 'string');
  return {
    positionals,
    has: (name) => values[name] !== undefined,
    value: (name) => texts(name).at(-1),
    values: texts,
  };
}

function parse(
  args: readonly string[],
  options: Readonly<
    Record<string, { readonly type: 'string' | 'boolean'; readonly multiple: true }>
  >,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, name = ''] = /'(--?[^' =]+)/.exec(message) ?? [];
    const code = (error as { readonly code?: string }).code;
    const remedy =
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
        ? `the options are ${Object.keys(options)
            .map((option) => `--${option}`)
            .join(', ')}`
        : 'a value belongs after it; --help shows which';
    throw new CliError(name === '' ? 'arguments' : name, args.join(' '), remedy);
  }
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A length of time: `500ms`, `30s`, `5m`, `2h`, `1d`. In ms. */
export function readDuration(field: string, value: string): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) {
    throw new CliError(field, value, 'write a number and its unit: 500ms, 30s, 5m, 2h or 1d');
  }
  return Number(amount) * unitMs;
}

export function readCount(field: string, value: string, least = 0): number {
  const count = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(count) || count < least) {
    throw new CliError(field, value, `give a whole number from ${least}`);
  }
  return count;
}

export function readShare(field: string, value: string): number {
  const share = /^\d*\.?\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(share >= 0 && share <= 1)) {
    throw new CliError(field, value, 'give a share from 0 to 1, such as 0.25');
  }
  return share;
}

/** `name:key=value,key=value`, whose keys are all known. */
export function readKeyed(
  field: string,
  text: string,
  keys: readonly string[],
): { readonly name: string; readonly value: (key: string) => string | undefined } {
  const [name = '', ...rest] = text.split(':');
  const values = new Map<string, string>();
  for (const part of rest
    .join(':')
    .split(',')
    .filter((one) => one !== '')) {
    const [key = '', value] = part.split('=');
    if (!keys.includes(key) || value === undefined) {
      throw new CliError(
        field,
        text,
        `after "${name}:" write ${keys.map((one) => `${one}=…`).join(', ')}`,
      );
    }
    values.set(key, value);
  }
  return { name, value: (key) => values.get(key) };
}
