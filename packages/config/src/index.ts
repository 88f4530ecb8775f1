export { type CheckedSettings, checkSettings } from './check-settings.ts';
export {
  type ExplainedSetting,
  type Explanation,
  explainSettings,
  formatExplanation,
} from './explain.ts';
export { describeFinding, type Finding } from './finding.ts';
export { type EnvVar, type ManifestOptions, manifestEnv } from './manifest-env.ts';
export {
  type Environment,
  type Origin,
  readAllSettings,
  type SettingsReading,
  type SettingValues,
  type ValuesFor,
} from './read-settings.ts';
export type {
  Container,
  Ipv4Cidr,
  ManifestValue,
  ParserClass,
  Reader,
  Setting,
  SettingStatus,
} from './setting.ts';
export {
  isVariable,
  settingOf,
  settings,
  type ValueOf,
  type Variable,
  type VariableOf,
  variables,
} from './settings.ts';
export { type SettingData, settingsData, settingsPage } from './settings-page.ts';
