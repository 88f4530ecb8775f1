import { CNI_ERROR, CniError } from './cni-error.ts';
import { validateContainerID, validateInterfaceName } from './identifiers.ts';

/** Environment of a plugin's process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of the protocol; empty for those not set. */
export interface RequestVariables {
  readonly command: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly args: string;
  readonly path: string;
}

interface VariableRule {
  readonly name: string;
  readonly requiredBy: readonly string[];
  readonly validate?: (value: string) => void;
}

// Order matters: it is the order of complaints.
const rules: readonly VariableRule[] = [
  {
    name: 'CNI_CONTAINERID',
    requiredBy: ['ADD', 'CHECK', 'DEL'],
    validate: validateContainerID,
  },
  { name: 'CNI_NETNS', requiredBy: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', requiredBy: ['ADD', 'CHECK', 'DEL'], validate: validateInterfaceName },
  { name: 'CNI_PATH', requiredBy: ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] },
];

/**
 * Reads the variables that the command uses; those of other commands are not looked at, because
 * runtimes set all of them for every command. An empty value counts as missing.
 *
 * @throws {CniError} 4 at once for a malformed one, otherwise naming all that are missing.
 */
export function readVariables(environment: Environment): RequestVariables {
  const textOf = (name: string) => environment[name] ?? '';
  const command = textOf('CNI_COMMAND');
  const missing = command === '' ? ['CNI_COMMAND'] : [];
  for (const { name, requiredBy, validate } of rules) {
    if (!requiredBy.includes(command)) continue;
    if (textOf(name) === '') missing.push(name);
    else validate?.(textOf(name));
  }
  if (missing.length > 0) {
    throw new CniError(
      CNI_ERROR.invalidEnvironment,
      'required environment variables are missing',
      `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing or empty`,
    );
  }
  return {
    command,
    containerId: textOf('CNI_CONTAINERID'),
    netns: textOf('CNI_NETNS'),
    ifName: textOf('CNI_IFNAME'),
    args: textOf('CNI_ARGS'),
    path: textOf('CNI_PATH'),
  };
}

/** `1`, or any casing of `true`: the check of the plugin's own namespace is switched off. */
export const isNetnsOverridden = (environment: Environment): boolean =>
  /^(1|true)$/i.test(environment['CNI_NETNS_OVERRIDE'] ?? '');
