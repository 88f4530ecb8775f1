import { describe, expect, test } from '@jest/globals';
import { type Environment, readAllSettings } from '@vpc-cni/config';
import { parseWarmTargets, type WarmTargets } from '@vpc-cni/warm-pool';
import * as fc from 'fast-check';

// `parseWarmTargets` is public, and runs in a browser without the table. Both must read the same.
function targetsOfTable(environment: Environment): WarmTargets {
  const { values } = readAllSettings(environment);
  return {
    warmEniTarget: values.WARM_ENI_TARGET,
    warmIpTarget: values.WARM_IP_TARGET,
    minimumIpTarget: values.MINIMUM_IP_TARGET,
    ...(values.MAX_ENI === undefined ? {} : { maxEnis: values.MAX_ENI }),
    ...(values.WARM_PREFIX_TARGET > 0 ? { warmPrefixTarget: values.WARM_PREFIX_TARGET } : {}),
    ...(values.ENABLE_PREFIX_DELEGATION ? { assignmentMode: 'prefix' } : {}),
    ...(values.ENABLE_IPv6 ? { addressFamily: 'ipv6' } : {}),
    ...(values.AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG ? { customNetworking: true } : {}),
    ...(values.AWS_MANAGE_ENIS_NON_SCHEDULABLE ? { managesNonSchedulable: true } : {}),
    ...(values.ENABLE_POD_ENI ? { securityGroupsForPods: true } : {}),
    ...(values.ENABLE_SUBNET_DISCOVERY ? {} : { subnetDiscovery: false }),
  };
}

const NAMES = [
  'WARM_ENI_TARGET',
  'WARM_IP_TARGET',
  'MINIMUM_IP_TARGET',
  'MAX_ENI',
  'WARM_PREFIX_TARGET',
  'ENABLE_PREFIX_DELEGATION',
  'ENABLE_IPv6',
  'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
  'AWS_MANAGE_ENIS_NON_SCHEDULABLE',
  'ENABLE_POD_ENI',
  'ENABLE_SUBNET_DISCOVERY',
] as const;

const TEXTS = [
  ...['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False'],
  ...['', ' ', 'TrUe', 'yes', 'two', '2', '+3', '-1', '-0', '007', '1e3', '0x2', ' 5', '٣'],
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '-9223372036854775809'],
];

describe('the table and parseWarmTargets read the same', () => {
  test.each(NAMES)('of %s, whatever it is set to', (name) => {
    for (const text of TEXTS) {
      const environment = { [name]: text };
      expect([text, targetsOfTable(environment)]).toEqual([text, parseWarmTargets(environment)]);
    }
  });

  test('of all of them together', () => {
    const text = fc.oneof(
      fc.constantFrom(undefined, ...TEXTS),
      fc.string(),
      fc.integer().map(String),
    );
    const environment = fc.record(Object.fromEntries(NAMES.map((name) => [name, text])));
    fc.assert(
      fc.property(environment, (given) => {
        expect(targetsOfTable(given)).toEqual(parseWarmTargets(given));
      }),
    );
  });
});
