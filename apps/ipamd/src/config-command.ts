import {
  type Environment,
  explainSettings,
  formatExplanation,
  settingsData,
  settingsPage,
} from '@vpc-cni/config';
import { readAdditionalTags } from './config.ts';

/** What a command prints, and its exit status. */
export interface CommandOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const USAGE =
  'usage: ipamd | ipamd config explain [--json] | ipamd config table --format markdown|json\n';

/** Commands that need nothing but the environment: no AWS, no cluster, no privileges. */
export function configCommand(args: readonly string[], environment: Environment): CommandOutput {
  switch (args.join(' ')) {
    case 'config explain':
      return explain(environment, formatExplanation);
    case 'config explain --json':
      return explain(environment, json);
    case 'config table --format markdown':
      return { exitCode: 0, stdout: settingsPage(), stderr: '' };
    case 'config table --format json':
      return { exitCode: 0, stdout: json(settingsData()), stderr: '' };
    default:
      return { exitCode: 2, stdout: '', stderr: USAGE };
  }
}

/** Fails where installer or daemon would refuse to start. */
function explain(
  environment: Environment,
  format: (explanation: ReturnType<typeof explainSettings>) => string,
): CommandOutput {
  const explanation = explainSettings(
    environment,
    readAdditionalTags(environment['ADDITIONAL_ENI_TAGS']).notices,
  );
  const isRefused = explanation.settings.some(({ problems }) => problems.length > 0);
  return { exitCode: isRefused ? 1 : 0, stdout: format(explanation), stderr: '' };
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
