import type { Finding } from './finding.ts';
import { meantBy } from './misspelt.ts';
import { withoutCode } from './parse-setting.ts';
import {
  type Environment,
  readAllSettings,
  type SettingsReading,
  type ValuesFor,
} from './read-settings.ts';
import { rules } from './rules.ts';
import type { Reader } from './setting.ts';
import { isVariable, settingOf, variables } from './settings.ts';

/** The settings of a program, and what is wrong with them. */
export interface CheckedSettings<R extends Reader> {
  readonly values: ValuesFor<R>;
  /** With any of these the program must not start; in the order in which the AWS VPC CNI checks. */
  readonly problems: readonly Finding[];
  /** What is taken otherwise than it was given, has no effect, or looks like a mistake. */
  readonly notices: readonly Finding[];
}

/**
 * Reads the settings of the programs `readers` and checks them. Never throws: everything that is wrong is told at
 * once.
 */
export function checkSettings<R extends Reader>(
  environment: Environment,
  readers: readonly R[],
): CheckedSettings<R> {
  const reading = readAllSettings(environment);
  const isOneOf = (of: readonly Reader[]) => readers.some((reader) => of.includes(reader));
  const problems = rules
    .filter((rule) => isOneOf(rule.of))
    .flatMap((rule) => rule.check({ ...reading, environment }));
  const refused = new Set(problems.map(({ variable }) => variable));
  const notices = noticesOf(environment, reading, isOneOf);
  return {
    values: reading.values,
    problems,
    notices: notices.filter(({ variable }) => !refused.has(variable)),
  };
}

function noticesOf(
  environment: Environment,
  { findings }: SettingsReading,
  isOneOf: (of: readonly Reader[]) => boolean,
): readonly Finding[] {
  const isRead = (variable: string) => isVariable(variable) && isOneOf(settingOf(variable).readBy);
  return [
    ...findings.filter(({ variable }) => isRead(variable)),
    ...inertNotices(environment),
    ...misspeltNotices(environment),
  ];
}

const inertNotices = (environment: Environment) =>
  variables.flatMap((variable): readonly Finding[] => {
    const { status, since, effect } = settingOf(variable);
    const value = environment[variable];
    if (status !== 'inert' || value === undefined) return [];
    const expected = `no such variable since ${since}`;
    return [
      { variable, value, expected, remedy: `it may be removed. Effect: ${withoutCode(effect)}` },
    ];
  });

const misspeltNotices = (environment: Environment) =>
  Object.entries(environment).flatMap(([variable, value = '']): readonly Finding[] => {
    const meant = meantBy(variable);
    if (meant === undefined) return [];
    const expected = 'a variable that is read';
    return [{ variable, value, expected, remedy: `did you mean ${meant}?` }];
  });
