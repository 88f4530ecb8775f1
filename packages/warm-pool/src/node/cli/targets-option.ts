import type { Strategy } from '../../simulator/config.ts';
import { parseWarmTargets, type WarmTargets } from '../../warm-targets.ts';
import { CliError } from './cli-error.ts';

/** What a `--set` may be: the pool's variables of the DaemonSet, and how their values look. */
const VARIABLES: Readonly<Record<string, { readonly pattern: RegExp; readonly value: string }>> = {
  WARM_ENI_TARGET: { pattern: /^\d+$/, value: 'a whole number from 0' },
  WARM_IP_TARGET: { pattern: /^\d+$/, value: 'a whole number from 0; 0 means not set' },
  MINIMUM_IP_TARGET: { pattern: /^\d+$/, value: 'a whole number from 0; 0 means not set' },
  WARM_PREFIX_TARGET: { pattern: /^\d+$/, value: 'a whole number from 0' },
  MAX_ENI: { pattern: /^[1-9]\d*$/, value: 'a whole number from 1' },
  IP_COOLDOWN_PERIOD: { pattern: /^\d+$/, value: 'seconds, a whole number from 0' },
  ENABLE_PREFIX_DELEGATION: { pattern: /^(true|false)$/, value: 'true or false' },
  AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: { pattern: /^(true|false)$/, value: 'true or false' },
};

/** What decides about a pool: a strategy and the variables it follows. */
export interface PoolSetting {
  readonly strategy: Strategy;
  readonly targets: WarmTargets;
  readonly addressCooldownMs?: number;
}

/** A setting, and how it is called. */
export interface NamedSetting extends PoolSetting {
  readonly name: string;
}

/**
 * `VARIABLE=value` words. A daemon takes what it cannot read for the default; whoever tries out
 * settings wants to know.
 *
 * @throws {CliError}
 */
export function readTargets(
  field: string,
  words: readonly string[],
): Omit<PoolSetting, 'strategy'> {
  const environment: Record<string, string> = {};
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    const variable = VARIABLES[name];
    if (variable === undefined) {
      throw new CliError(field, word, `the variables are ${Object.keys(VARIABLES).join(', ')}`);
    }
    if (!variable.pattern.test(value)) {
      throw new CliError(`${field} ${name}`, value, `give ${variable.value}`);
    }
    environment[name] = value;
  }
  const cooldown = environment['IP_COOLDOWN_PERIOD'];
  return {
    targets: parseWarmTargets(environment),
    ...(cooldown === undefined ? {} : { addressCooldownMs: Number(cooldown) * 1_000 }),
  };
}

export function readStrategy(field: string, value: string): Strategy {
  if (value !== 'default' && value !== 'upstream') {
    throw new CliError(field, value, 'choose default or upstream');
  }
  return value;
}

/**
 * `upstream WARM_ENI_TARGET=1`: a strategy and variables, separated by spaces or commas. What it
 * leaves out is as the other options say.
 */
export function readSetting(
  text: string,
  otherwise: { readonly strategy: Strategy; readonly words: readonly string[] },
): NamedSetting {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const [first = ''] = words;
  const named = first.includes('=') ? undefined : readStrategy('--setting', first);
  return {
    name: words.join(' '),
    strategy: named ?? otherwise.strategy,
    ...readTargets('--setting', [...otherwise.words, ...(named ? words.slice(1) : words)]),
  };
}
