import type { Finding } from './finding.ts';
import { defaultInWords, expectedOf } from './parse-setting.ts';
import type { Environment, SettingsReading } from './read-settings.ts';
import type { Reader } from './setting.ts';
import { settingOf, type Variable } from './settings.ts';

/** What a rule looks at. */
export interface RuleInput extends SettingsReading {
  readonly environment: Environment;
}

/** A combination of settings with which a program refuses to start. */
export interface Rule {
  /** The AWS VPC CNI's own checks, in its order; those of ours come last. */
  readonly number: number | 'ours';
  readonly of: readonly Reader[];
  readonly inWords: string;
  readonly check: (input: RuleInput) => readonly Finding[];
}

const LONGEST_VETH_PREFIX_BYTES = 4;
const RESERVED_VETH_PREFIXES = ['eth', 'lo', 'vlan'];
const LEAST_IPV6_MTU_BYTES = 1280;
const TARGETS_OF_PREFIXES = ['WARM_PREFIX_TARGET', 'WARM_IP_TARGET', 'MINIMUM_IP_TARGET'] as const;

/** Refuses `variable` unless `isFine`. */
const insist = (
  isFine: boolean,
  input: RuleInput,
  variable: Variable,
  advice: Pick<Finding, 'expected' | 'remedy'>,
): readonly Finding[] =>
  isFine ? [] : [{ variable, value: input.environment[variable] ?? '', ...advice }];

/** Refuses a text that the row cannot read. */
const insistOnReadable = (input: RuleInput, variable: Variable): readonly Finding[] => {
  const row = settingOf(variable);
  const isFine = !input.findings.some((finding) => finding.variable === variable);
  const remedy = row.byDefault === '' ? 'leave it out for none at all' : unsetFor(variable);
  return insist(isFine, input, variable, { expected: expectedOf(row), remedy });
};

const unsetFor = (variable: Variable): string =>
  `unset it for ${defaultInWords(settingOf(variable))}`;

/** UTF-8 bytes; a code point has one to four. */
const utf8Length = (text: string): number =>
  [...text].reduce((sum, character) => {
    const code = character.codePointAt(0) ?? 0;
    return sum + (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
  }, 0);

const mtuIsFine = (input: RuleInput, variable: 'AWS_VPC_ENI_MTU' | 'POD_MTU') => {
  const unreadable = insistOnReadable(input, variable);
  if (unreadable.length > 0 || !input.values.ENABLE_IPv6) return unreadable;
  const isFine =
    input.origins[variable] !== 'environment' || input.values[variable] >= LEAST_IPV6_MTU_BYTES;
  return insist(isFine, input, variable, {
    expected: `a whole number from ${LEAST_IPV6_MTU_BYTES} to 9001, because ENABLE_IPv6 is true`,
    remedy: unsetFor(variable),
  });
};

const directoryIsFine = (
  input: RuleInput,
  variable: 'HOST_CNI_BIN_PATH' | 'HOST_CNI_CONFDIR_PATH',
) =>
  insist(input.values[variable].startsWith('/'), input, variable, {
    expected: 'an absolute path',
    remedy: `mount the host's directory at ${defaultInWords(settingOf(variable))} and unset it`,
  });

/** Every rule that settings alone decide, in the order in which the programs of the AWS VPC CNI check. */
export const rules: readonly Rule[] = [
  {
    number: 1,
    of: ['entry'],
    inWords: '`AWS_VPC_K8S_PLUGIN_LOG_FILE` is not `stdout`, in any case',
    check: (input) =>
      insist(
        input.values.AWS_VPC_K8S_PLUGIN_LOG_FILE.toLowerCase() !== 'stdout',
        input,
        'AWS_VPC_K8S_PLUGIN_LOG_FILE',
        {
          expected: 'stderr or a path on the host',
          remedy: "stdout carries the plugin's results; set it to stderr",
        },
      ),
  },
  {
    number: 2,
    of: ['entry'],
    inWords: '`AWS_VPC_K8S_CNI_VETHPREFIX` has at most 4 bytes',
    check: (input) =>
      insist(
        utf8Length(input.values.AWS_VPC_K8S_CNI_VETHPREFIX) <= LONGEST_VETH_PREFIX_BYTES,
        input,
        'AWS_VPC_K8S_CNI_VETHPREFIX',
        { expected: 'at most 4 bytes', remedy: 'unset it for eni' },
      ),
  },
  {
    number: 3,
    of: ['entry'],
    inWords: '`AWS_VPC_K8S_CNI_VETHPREFIX` is none of `eth`, `lo`, `vlan`',
    check: (input) =>
      insist(
        !RESERVED_VETH_PREFIXES.includes(input.values.AWS_VPC_K8S_CNI_VETHPREFIX),
        input,
        'AWS_VPC_K8S_CNI_VETHPREFIX',
        {
          expected: 'none of eth, lo, vlan, which other links have',
          remedy: 'unset it for eni',
        },
      ),
  },
  {
    number: 4,
    of: ['entry'],
    inWords: 'with `ENABLE_POD_ENI`, `POD_SECURITY_GROUP_ENFORCING_MODE` is `strict` or `standard`',
    check: (input) =>
      input.values.ENABLE_POD_ENI
        ? insistOnReadable(input, 'POD_SECURITY_GROUP_ENFORCING_MODE')
        : [],
  },
  {
    number: 5,
    of: ['entry'],
    inWords: '`IP_COOLDOWN_PERIOD` is a whole number of at least 0',
    check: (input) => insistOnReadable(input, 'IP_COOLDOWN_PERIOD'),
  },
  {
    number: 6,
    of: ['entry'],
    inWords: '`AWS_VPC_ENI_MTU` and `POD_MTU` are from 576 to 9001, with `ENABLE_IPv6` from 1280',
    check: (input) => [...mtuIsFine(input, 'AWS_VPC_ENI_MTU'), ...mtuIsFine(input, 'POD_MTU')],
  },
  {
    number: 7,
    of: ['entry'],
    inWords:
      'with `ENABLE_PREFIX_DELEGATION`, one of `WARM_PREFIX_TARGET`, `WARM_IP_TARGET`, `MINIMUM_IP_TARGET` is above 0',
    // Compared as texts, as there: what is no number passes, and is a notice.
    check: (input) =>
      insist(
        !input.values.ENABLE_PREFIX_DELEGATION ||
          TARGETS_OF_PREFIXES.some(
            (variable) => input.values[variable] > 0 || (input.environment[variable] ?? '') > '0',
          ),
        input,
        'WARM_PREFIX_TARGET',
        {
          expected: `one of ${TARGETS_OF_PREFIXES.join(', ')} above 0, because ENABLE_PREFIX_DELEGATION is true`,
          remedy: 'set WARM_PREFIX_TARGET to 1',
        },
      ),
  },
  {
    number: 11,
    of: ['ipamd'],
    inWords: '`NETWORK_POLICY_ENFORCING_MODE`, if there is one, is `none`, `strict` or `standard`',
    check: (input) => insistOnReadable(input, 'NETWORK_POLICY_ENFORCING_MODE'),
  },
  {
    number: 13,
    of: ['ipamd'],
    inWords: 'exactly one of `ENABLE_IPv4` and `ENABLE_IPv6` is true',
    check: (input) =>
      insist(input.values.ENABLE_IPv4 !== input.values.ENABLE_IPv6, input, 'ENABLE_IPv4', {
        expected: `exactly one of ENABLE_IPv4 and ENABLE_IPv6 to be true, not ${input.values.ENABLE_IPv4 ? 'both' : 'neither'}`,
        remedy: 'set ENABLE_IPv4 to true and ENABLE_IPv6 to false, or the other way round',
      }),
  },
  {
    number: 14,
    of: ['ipamd'],
    inWords: '`ENABLE_IPv6` goes with `ENABLE_PREFIX_DELEGATION` and without custom networking',
    check: (input) => [
      ...insist(
        !input.values.ENABLE_IPv6 || input.values.ENABLE_PREFIX_DELEGATION,
        input,
        'ENABLE_PREFIX_DELEGATION',
        { expected: 'true, because ENABLE_IPv6 is true', remedy: 'set it to true' },
      ),
      ...insist(
        !input.values.ENABLE_IPv6 || !input.values.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG,
        input,
        'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
        { expected: 'false, because ENABLE_IPv6 is true', remedy: 'unset it' },
      ),
    ],
  },
  {
    number: 'ours',
    of: ['init', 'entry'],
    inWords: '`HOST_CNI_BIN_PATH` is an absolute path',
    check: (input) => directoryIsFine(input, 'HOST_CNI_BIN_PATH'),
  },
  {
    number: 'ours',
    of: ['entry'],
    inWords: '`HOST_CNI_CONFDIR_PATH` is an absolute path',
    check: (input) => directoryIsFine(input, 'HOST_CNI_CONFDIR_PATH'),
  },
  {
    number: 'ours',
    of: ['entry'],
    inWords: '`AWS_VPC_K8S_CNI_INSTALL_WAIT` is from 1 to 3600',
    check: (input) => insistOnReadable(input, 'AWS_VPC_K8S_CNI_INSTALL_WAIT'),
  },
];
