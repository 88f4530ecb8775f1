import { describe, expect, test } from '@jest/globals';
import { explainSettings, formatExplanation } from './explain.ts';
import { type Variable, variables } from './settings.ts';

const IPV4 = { ENABLE_IPv4: 'true' };

const explained = (environment: Readonly<Record<string, string>>, variable: Variable) =>
  explainSettings({ ...IPV4, ...environment }).settings.find(
    (setting) => setting.variable === variable,
  );

test('every setting is explained, in the order of the table', () => {
  const { settings, others } = explainSettings(IPV4);
  expect(settings.map(({ variable }) => variable)).toEqual(variables);
  expect(settings.flatMap(({ problems, notices }) => [...problems, ...notices])).toEqual([]);
  expect(others).toEqual([]);
});

test.each([
  [{}, 'WARM_IP_TARGET', { value: 0, origin: 'default', overrides: [] }],
  [
    { WARM_IP_TARGET: '5' },
    'WARM_IP_TARGET',
    {
      value: 5,
      origin: 'environment',
      given: '5',
      overrides: ['WARM_ENI_TARGET', 'WARM_PREFIX_TARGET'],
    },
  ],
  [{ WARM_IP_TARGET: '5' }, 'WARM_ENI_TARGET', { value: 1, overriddenBy: 'WARM_IP_TARGET=5' }],
  [{ AWS_VPC_ENI_MTU: '1500' }, 'POD_MTU', { value: 1500, origin: 'computed' }],
  [
    { ENABLE_IMDS_ONLY_MODE: '1', DISABLE_LEAKED_ENI_CLEANUP: 'f' },
    'DISABLE_LEAKED_ENI_CLEANUP',
    { value: true, origin: 'computed', given: 'f', overriddenBy: 'ENABLE_IMDS_ONLY_MODE=true' },
  ],
  [
    { IP_COOLDOWN_PERIOD: '30s' },
    'IP_COOLDOWN_PERIOD',
    { value: 30, origin: 'default', given: '30s', problems: [expect.anything()] },
  ],
  [{}, 'MAX_ENI', { value: null, origin: 'default' }],
] as const)('with %j, %s', (environment, variable, expected) => {
  expect(explained(environment, variable)).toMatchObject(expected);
});

describe('as text', () => {
  const lines = (environment: Readonly<Record<string, string>>) =>
    formatExplanation(explainSettings({ ...IPV4, ...environment })).split('\n');

  test.each([
    [{}, 'WARM_ENI_TARGET = 1  (default)'],
    [{}, "MAX_ENI = the instance type's limit  (default)"],
    [{}, 'AWS_VPC_K8S_CNI_VETHPREFIX = "eni"  (default)'],
    [{ WARM_ENI_TARGET: '2' }, 'WARM_ENI_TARGET = 2  (environment)'],
    [{ WARM_ENI_TARGET: 'two' }, 'WARM_ENI_TARGET = 1  (default, given "two")'],
    [
      { WARM_ENI_TARGET: 'two' },
      '  notice: WARM_ENI_TARGET is "two", expected a whole number of at least 0: 1 is used',
    ],
    [{ WARM_IP_TARGET: '5' }, '  overridden by WARM_IP_TARGET=5'],
    [{ WARM_IP_TARGET: '5' }, '  overrides WARM_ENI_TARGET, WARM_PREFIX_TARGET'],
    [
      { POD_MTU: 'x' },
      '  problem: POD_MTU is "x", expected a whole number from 576 to 9001: unset it for that of AWS_VPC_ENI_MTU',
    ],
    [
      { WARM_ENI_TARGETS: '1' },
      'WARM_ENI_TARGETS is "1", expected a variable that is read: did you mean WARM_ENI_TARGET?',
    ],
  ])('with %j there is a line %j', (environment, line) =>
    expect(lines(environment)).toContain(line),
  );

  test('there is no Markdown', () => expect(lines({}).join()).not.toContain('`'));
});
