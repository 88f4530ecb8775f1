import { checkSettings } from './check-settings.ts';
import { describeFinding, type Finding } from './finding.ts';
import { withoutCode } from './parse-setting.ts';
import { type Precedence, precedences } from './precedence.ts';
import {
  type Environment,
  type Origin,
  readAllSettings,
  type SettingValues,
} from './read-settings.ts';
import type { Reader } from './setting.ts';
import { settingOf, type Variable, variables } from './settings.ts';

/** One setting as an environment makes it. */
export interface ExplainedSetting {
  readonly variable: Variable;
  /** In effect; `null` where no value means something of its own. */
  readonly value: boolean | number | string | readonly string[] | null;
  readonly origin: Origin;
  /** The text of the variable, where there is one. */
  readonly given?: string;
  readonly effect: string;
  readonly readBy: readonly Reader[];
  /** The setting because of which this one has no say, or this value. */
  readonly overriddenBy?: string;
  /** Settings that have no say, or another value, because of this one. */
  readonly overrides: readonly Variable[];
  readonly problems: readonly Finding[];
  readonly notices: readonly Finding[];
}

/** Every setting, and what is said of variables that are none. */
export interface Explanation {
  readonly settings: readonly ExplainedSetting[];
  readonly others: readonly Finding[];
}

/**
 * Explains what an environment amounts to, for the installer and the daemon together.
 *
 * @param more notices of programs that read a text further than the table does.
 */
export function explainSettings(
  environment: Environment,
  more: readonly Finding[] = [],
): Explanation {
  const { values, origins } = readAllSettings(environment);
  const checked = checkSettings(environment, ['init', 'entry', 'ipamd']);
  const { problems } = checked;
  const notices = [...checked.notices, ...more];
  const active = precedences.filter(({ when }) => when(values));
  const settings = variables.map((variable): ExplainedSetting => {
    const { effect, readBy } = settingOf(variable);
    const given = environment[variable];
    const winner = active.find((precedence) => precedence.variable === variable);
    return {
      variable,
      value: values[variable] ?? null,
      origin: origins[variable],
      ...(given === undefined ? {} : { given }),
      effect,
      readBy,
      ...(winner === undefined ? {} : { overriddenBy: inWords(winner, values) }),
      overrides: active
        .filter(({ by }) => by === variable)
        .map((precedence) => precedence.variable),
      problems: problems.filter((finding) => finding.variable === variable),
      notices: notices.filter((finding) => finding.variable === variable),
    };
  });
  const known = new Set<string>(variables);
  return { settings, others: notices.filter(({ variable }) => !known.has(variable)) };
}

const inWords = ({ by }: Precedence, values: SettingValues): string =>
  `${by}=${textOf(values[by] ?? null)}`;

const textOf = (value: ExplainedSetting['value']): string =>
  typeof value === 'string' || value === null ? JSON.stringify(value) : `${value}`;

/** The explanation as text for a terminal; a setting that is at its default and undisturbed takes two lines. */
export const formatExplanation = ({ settings, others }: Explanation): string =>
  [...settings.map(formatSetting), ...others.map((other) => `${describeFinding(other)}\n`)].join(
    '\n',
  );

function formatSetting(setting: ExplainedSetting): string {
  const { variable, value, origin, given, effect, overriddenBy, overrides } = setting;
  const isOtherThanGiven = given !== undefined && origin !== 'environment';
  const source = isOtherThanGiven ? `${origin}, given ${JSON.stringify(given)}` : origin;
  const { defaultMeans } = settingOf(variable);
  const shown = value === null && defaultMeans !== undefined ? defaultMeans : textOf(value);
  const lines = [
    `${variable} = ${withoutCode(shown)}  (${source})`,
    `  ${withoutCode(effect)}`,
    ...(overriddenBy === undefined ? [] : [`  overridden by ${overriddenBy}`]),
    ...(overrides.length === 0 ? [] : [`  overrides ${overrides.join(', ')}`]),
    ...setting.problems.map((problem) => `  problem: ${describeFinding(problem)}`),
    ...setting.notices.map((notice) => `  notice: ${describeFinding(notice)}`),
  ];
  return `${lines.join('\n')}\n`;
}
