export { type CheckedSettings, checkSettings } from './check-settings.ts';
export { describeFinding, type Finding } from './finding.ts';
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
  variables,
} from './settings.ts';
