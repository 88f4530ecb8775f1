import { expect, test } from '@jest/globals';
import { parseWarmTargets, type WarmTargets } from './warm-targets.ts';

const DEFAULTS: WarmTargets = { warmEniTarget: 1, warmIpTarget: 0, minimumIpTarget: 0 };

// Reference behaviour, "Input parsing".
const cases: readonly {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly differs: Partial<WarmTargets>;
}[] = [
  { name: 'nothing', environment: {}, differs: {} },
  { name: 'empty values', environment: { WARM_ENI_TARGET: '', MAX_ENI: '' }, differs: {} },
  { name: 'zero ENIs', environment: { WARM_ENI_TARGET: '0' }, differs: { warmEniTarget: 0 } },
  { name: 'two ENIs', environment: { WARM_ENI_TARGET: '2' }, differs: { warmEniTarget: 2 } },
  { name: 'a plus sign', environment: { WARM_ENI_TARGET: '+3' }, differs: { warmEniTarget: 3 } },
  { name: 'leading zeros', environment: { WARM_IP_TARGET: '007' }, differs: { warmIpTarget: 7 } },
  {
    name: 'negative values',
    environment: {
      WARM_ENI_TARGET: '-1',
      WARM_IP_TARGET: '-1',
      MINIMUM_IP_TARGET: '-1',
      MAX_ENI: '-1',
    },
    differs: {},
  },
  {
    name: 'values that are no numbers',
    environment: {
      WARM_ENI_TARGET: 'two',
      WARM_IP_TARGET: ' 5',
      MINIMUM_IP_TARGET: '1e3',
      MAX_ENI: '0x2',
    },
    differs: {},
  },
  { name: 'digits of other scripts', environment: { WARM_IP_TARGET: '٣' }, differs: {} },
  {
    name: 'both address targets',
    environment: { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' },
    differs: { warmIpTarget: 5, minimumIpTarget: 10 },
  },
  { name: 'a cap on ENIs', environment: { MAX_ENI: '2' }, differs: { maxEnis: 2 } },
  { name: 'a cap of no ENI at all', environment: { MAX_ENI: '0' }, differs: {} },
  {
    name: 'a value beyond what a number holds exactly',
    environment: { WARM_IP_TARGET: '9223372036854775807' },
    differs: { warmIpTarget: Number.MAX_SAFE_INTEGER },
  },
  {
    name: 'a value beyond 64 bits',
    environment: { WARM_ENI_TARGET: '9223372036854775808' },
    differs: {},
  },
  {
    name: 'prefix mode',
    environment: { ENABLE_PREFIX_DELEGATION: 'True', WARM_PREFIX_TARGET: '1' },
    differs: { assignmentMode: 'prefix', warmPrefixTarget: 1 },
  },
  {
    name: 'a negative prefix target as none at all',
    environment: { WARM_PREFIX_TARGET: '-1' },
    differs: {},
  },
  {
    name: 'every switch',
    environment: {
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 't',
      AWS_MANAGE_ENIS_NON_SCHEDULABLE: '1',
      ENABLE_POD_ENI: 'TRUE',
      ENABLE_SUBNET_DISCOVERY: 'F',
    },
    differs: {
      customNetworking: true,
      managesNonSchedulable: true,
      securityGroupsForPods: true,
      subnetDiscovery: false,
    },
  },
  {
    name: 'booleans in mixed case or other words as their default',
    environment: {
      ENABLE_PREFIX_DELEGATION: 'TrUe',
      ENABLE_POD_ENI: 'yes',
      ENABLE_SUBNET_DISCOVERY: 'no',
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: '',
    },
    differs: {},
  },
];

test.each(cases)('parseWarmTargets reads $name', ({ environment, differs }) => {
  expect(parseWarmTargets(environment)).toEqual({ ...DEFAULTS, ...differs });
});
