import type { Finding } from './finding.ts';
import { parseSetting } from './parse-setting.ts';
import { precedences } from './precedence.ts';
import type { Reader } from './setting.ts';
import { settingOf, type ValueOf, type Variable, type VariableOf, variables } from './settings.ts';

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of every setting. */
export type SettingValues = { readonly [V in Variable]: ValueOf<V> };

/** The values that the rows of the table let these programs read. */
export type ValuesFor<R extends Reader> = { readonly [V in VariableOf<R>]: ValueOf<V> };

/** Where a value is from: given, the row's default, or what other settings make of it. */
export type Origin = 'environment' | 'default' | 'computed';

/** Every setting as an environment has it. */
export interface SettingsReading {
  readonly values: SettingValues;
  readonly origins: Readonly<Record<Variable, Origin>>;
  /** What could not be used, in the order of the table. */
  readonly findings: readonly Finding[];
}

/** Defaults that follow from other settings. */
const computedDefaults: readonly {
  readonly variable: Variable;
  readonly from: (values: SettingValues) => unknown;
}[] = [
  { variable: 'POD_MTU', from: (values) => values.AWS_VPC_ENI_MTU },
  {
    variable: 'AWS_VPC_K8S_CNI_BACKING_STORE',
    from: (values) => `${values.AWS_VPC_K8S_CNI_RUN_DIR}/ipam.json`,
  },
];

/** Reads every setting; what cannot be used is its default, and a finding. Never throws. */
export function readAllSettings(environment: Environment): SettingsReading {
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  const findings: Finding[] = [];
  for (const variable of variables) {
    const row = settingOf(variable);
    const parsed = parseSetting(variable, row, environment[variable]);
    values[variable] = parsed.value ?? row.byDefault;
    origins[variable] = parsed.value === undefined ? 'default' : 'environment';
    findings.push(...parsed.findings);
  }
  // The rows' parsers and defaults have just been followed, which is what the type says.
  const read = values as SettingValues;
  const compute = (variable: Variable, value: unknown) => {
    if (values[variable] === value) return;
    values[variable] = value;
    origins[variable] = 'computed';
  };
  for (const { variable, from } of computedDefaults) {
    if (origins[variable] === 'default') compute(variable, from(read));
  }
  for (const { variable, forces, when } of precedences) {
    if (forces !== undefined && when(read)) compute(variable, forces);
  }
  return { values: read, origins: origins as SettingsReading['origins'], findings };
}
