/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that was given but could not be used. */
export interface SettingNotice {
  readonly variable: string;
  readonly value: string;
  readonly expected: string;
  readonly used: string;
}

/** Typed reading of environment variables; an unusable value means the default and leaves a notice. */
export interface EnvironmentReader {
  readonly notices: readonly SettingNotice[];
  text(variable: string, byDefault: string): string;
  /** Accepts exactly `1 t T TRUE true True 0 f F FALSE false False`. */
  boolean(variable: string, byDefault: boolean): boolean;
  /** Decimal, or with a base prefix such as `0x80`; within `min` and `max`. */
  integer(
    variable: string,
    byDefault: number,
    range: { readonly min: number; readonly max?: number },
  ): number;
  oneOf<T extends string>(variable: string, byDefault: T, choices: readonly T[]): T;
  /** Comma separated; entries that `accept` refuses are left out with a notice. */
  list<T extends string>(variable: string, accept: (entry: string) => entry is T): readonly T[];
}

const TRUE_WORDS = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_WORDS = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

export function readEnvironment(environment: Environment): EnvironmentReader {
  const notices: SettingNotice[] = [];

  function fallBack<T>(variable: string, value: string, expected: string, byDefault: T): T {
    notices.push({ variable, value, expected, used: String(byDefault) });
    return byDefault;
  }

  return {
    notices,
    text: (variable, byDefault) => environment[variable] || byDefault,
    boolean: (variable, byDefault) => {
      const value = environment[variable];
      if (value === undefined || value === '') return byDefault;
      if (TRUE_WORDS.includes(value)) return true;
      if (FALSE_WORDS.includes(value)) return false;
      return fallBack(variable, value, 'true or false', byDefault);
    },
    integer: (variable, byDefault, { min, max = Number.MAX_SAFE_INTEGER }) => {
      const value = environment[variable];
      if (value === undefined || value === '') return byDefault;
      const number = /^[+-]?\d+$|^0x[\da-f]+$/i.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      const range =
        max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      return fallBack(variable, value, `a whole number ${range}`, byDefault);
    },
    oneOf: (variable, byDefault, choices) => {
      const value = environment[variable];
      if (value === undefined || value === '') return byDefault;
      const chosen = choices.find((choice) => choice === value);
      return chosen ?? fallBack(variable, value, choices.join(', '), byDefault);
    },
    list: (variable, accept) =>
      (environment[variable] ?? '')
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
        .filter((entry) => {
          const isAccepted = accept(entry);
          if (!isAccepted) fallBack(variable, entry, 'IPv4 CIDRs', 'left out');
          return isAccepted;
        }) as never,
  };
}
