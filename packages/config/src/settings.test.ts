import { describe, expect, test } from '@jest/globals';
import { parseSetting } from './parse-setting.ts';
import { precedences } from './precedence.ts';
import { readAllSettings, type ValuesFor } from './read-settings.ts';
import { isVariable, settingGroups, settingOf, type ValueOf, variables } from './settings.ts';

describe('every row', () => {
  test.each(variables)('%s is whole', (variable) => {
    const { parser, byDefault, range, effect, status, since, readBy, defaultMeans } =
      settingOf(variable);
    expect(effect).toMatch(/^[A-Z].*\.\)?$/s);
    expect(range !== undefined).toBe(['IA', 'IB', 'IX'].includes(parser));
    expect(readBy.length === 0).toBe(status === 'inert');
    if (status === 'newer' && variable !== 'AWS_VPC_K8S_CNI_CONNMARK') expect(since).toBeDefined();
    if (byDefault === undefined) expect(defaultMeans).toBeDefined();
    // Nothing that AWS has may be called as ours are, without being marked.
    if (status === 'ours') expect(variable).toMatch(/^AWS_VPC_K8S_CNI_/);
  });

  test.each(variables.filter((variable) => settingOf(variable).byDefault !== undefined))(
    'the default of %s is what its text would be read as',
    (variable) => {
      const row = settingOf(variable);
      const text = `${row.byDefault}`;
      const { value, findings } = parseSetting(variable, row, text);
      expect(findings.filter(() => text !== '')).toEqual([]);
      expect(value ?? row.byDefault).toEqual(row.byDefault);
    },
  );

  test.each(
    variables.flatMap((variable) =>
      Object.values(settingOf(variable).manifest ?? {})
        .filter((value) => typeof value === 'string')
        .map((value) => ({ variable, value })),
    ),
  )('the manifest’s $variable=$value can be read', ({ variable, value }) => {
    expect(parseSetting(variable, settingOf(variable), value).findings).toEqual([]);
  });
});

test('no variable is in two groups', () => {
  const names = settingGroups.flatMap((group) => Object.keys(group.settings));
  expect(names).toEqual(variables);
  expect(new Set(names).size).toBe(names.length);
});

test.each(['toString', '__proto__', '', 'PATH'])('%j is no variable', (name) =>
  expect(isVariable(name)).toBe(false),
);

// Checked by the compiler: each line that does not fail would fail the type check.
describe('types follow from the table', () => {
  test('of values', () => {
    const flag: ValueOf<'ENABLE_POD_ENI'> = true;
    const mode: ValueOf<'AWS_VPC_K8S_CNI_RANDOMIZESNAT'> = 'hashrandom';
    const cap: ValueOf<'MAX_ENI'> = undefined;
    // @ts-expect-error none of the choices
    const odd: ValueOf<'AWS_VPC_K8S_CNI_RANDOMIZESNAT'> = 'PRNG';
    // @ts-expect-error a default that other settings decide is always there
    const unset: ValueOf<'POD_MTU'> = undefined;
    // @ts-expect-error a boolean is no text
    const text: ValueOf<'ENABLE_POD_ENI'> = 'true';
    expect([flag, mode, cap, odd, unset, text]).toHaveLength(6);
  });

  test('of what a program may read', () => {
    const { values } = readAllSettings({});
    const ofIpamd: ValuesFor<'ipamd'> = values;
    const ofInstaller: ValuesFor<'init' | 'entry'> = values;
    expect(ofIpamd.WARM_ENI_TARGET).toBe(1);
    expect(ofInstaller.DISABLE_TCP_EARLY_DEMUX).toBe(false);
    // @ts-expect-error not in the table
    expect(ofIpamd.WARM_ENI_TARGETS).toBeUndefined();
    // @ts-expect-error its row does not say that ipamd reads it
    expect(ofIpamd.POD_MTU).toBe(9001);
    // @ts-expect-error its row does not say that the installer reads it
    expect(ofInstaller.CLUSTER_NAME).toBe('');
  });
});

describe('which setting wins', () => {
  const winnerOf = (environment: Readonly<Record<string, string>>, variable: string) => {
    const { values } = readAllSettings(environment);
    return precedences.find((row) => row.variable === variable && row.when(values))?.by;
  };

  test.each([
    ['WARM_ENI_TARGET', {}, undefined],
    ['WARM_ENI_TARGET', { WARM_IP_TARGET: '1' }, 'WARM_IP_TARGET'],
    ['WARM_ENI_TARGET', { MINIMUM_IP_TARGET: '1' }, 'MINIMUM_IP_TARGET'],
    ['WARM_ENI_TARGET', { WARM_IP_TARGET: '0', MINIMUM_IP_TARGET: '-1' }, undefined],
    ['WARM_ENI_TARGET', { ENABLE_PREFIX_DELEGATION: 't' }, 'ENABLE_PREFIX_DELEGATION'],
    ['WARM_PREFIX_TARGET', {}, 'ENABLE_PREFIX_DELEGATION'],
    ['WARM_PREFIX_TARGET', { ENABLE_PREFIX_DELEGATION: 't' }, undefined],
    [
      'WARM_PREFIX_TARGET',
      { ENABLE_PREFIX_DELEGATION: 't', MINIMUM_IP_TARGET: '16' },
      'MINIMUM_IP_TARGET',
    ],
    [
      'ENABLE_SUBNET_DISCOVERY',
      { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
      'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
    ],
    [
      'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
      { AWS_VPC_K8S_CNI_EXTERNALSNAT: '1' },
      'AWS_VPC_K8S_CNI_EXTERNALSNAT',
    ],
    ['ENABLE_V6_EGRESS', { ENABLE_IPv6: 'true' }, 'ENABLE_IPv6'],
    ['ENABLE_V4_EGRESS', { ENABLE_IPv6: 'true' }, undefined],
  ])('over %s with %j: %s', (variable, environment, winner) =>
    expect(winnerOf(environment, variable)).toBe(winner),
  );

  test.each([
    [{}, 9001, 'computed'],
    [{ AWS_VPC_ENI_MTU: '1500' }, 1500, 'computed'],
    [{ AWS_VPC_ENI_MTU: '1500', POD_MTU: '1400' }, 1400, 'environment'],
    [{ AWS_VPC_ENI_MTU: '1500', POD_MTU: 'x' }, 1500, 'computed'],
  ])('the MTU of pods with %j is %d (%s)', (environment, mtuBytes, origin) => {
    const { values, origins } = readAllSettings(environment);
    expect([values.POD_MTU, origins.POD_MTU]).toEqual([mtuBytes, origin]);
  });

  test.each([
    [{}, [false, false]],
    [{ DISABLE_LEAKED_ENI_CLEANUP: 'true' }, [false, true]],
    [{ DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' }, [true, true]],
    [{ ENABLE_IMDS_ONLY_MODE: 'true' }, [true, true]],
    [
      { ENABLE_IMDS_ONLY_MODE: 'true', DISABLE_NETWORK_RESOURCE_PROVISIONING: 'false' },
      [true, true],
    ],
  ])('what EC2 is spared with %j: provisioning and clean-up %j', (environment, spared) => {
    const { values } = readAllSettings(environment);
    expect([
      values.DISABLE_NETWORK_RESOURCE_PROVISIONING,
      values.DISABLE_LEAKED_ENI_CLEANUP,
    ]).toEqual(spared);
  });
});
