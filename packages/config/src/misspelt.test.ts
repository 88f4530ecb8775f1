import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { meantBy } from './misspelt.ts';
import { type Variable, variables } from './settings.ts';

test.each([
  ['WARM_IP_TARGETS', 'WARM_IP_TARGET'],
  ['WARM_ENI_TARGE', 'WARM_ENI_TARGET'],
  ['WRAM_ENI_TARGET', 'WARM_ENI_TARGET'],
  ['ENABLE_PREFIX_DELAGATION', 'ENABLE_PREFIX_DELEGATION'],
  ['ENABLE_IPV4', 'ENABLE_IPv4'],
  ['ENABLE_IPV6', 'ENABLE_IPv6'],
  ['enable_pod_eni', 'ENABLE_POD_ENI'],
  ['AWS_VPC_CNI_EXTERNALSNAT', undefined], // four letters short
  ['AWS_VPC_K8S_CNI_LOG_LEVEL', 'AWS_VPC_K8S_CNI_LOGLEVEL'],
  ['MINIMUM_IP_TARGETS', 'MINIMUM_IP_TARGET'],
  ['MAX_ENIS', 'MAX_ENI'],
  ['POD_MTUS', 'POD_MTU'],
  ['DISABLE_CONTAINER_V6', 'DISABLE_POD_V6'],
] as const)('%s is meant to be %s', (name, meant) => expect(meantBy(name)).toBe(meant));

test.each([
  'PATH',
  'HOME',
  'HOSTNAME',
  'POD_IP',
  'POD_UID',
  'MY_POD_IP',
  'MY_NODE_IP',
  'MY_POD_NAMESPACE',
  'NODE_NAME',
  'AWS_REGION',
  'AWS_ROLE_ARN',
  'AWS_ENDPOINT_URL',
  'AWS_EC2_METADATA_DISABLED',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE',
  'KUBERNETES_SERVICE_HOST',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'USE_CLOUDWATCH',
  '',
])('%j is somebody else’s', (name) => expect(meantBy(name)).toBeUndefined());

test.each(variables)('%s is right', (name) => expect(meantBy(name)).toBeUndefined());

const longNames = variables.filter(({ length }) => length >= 10);

test('one letter too many, too few or wrong leads back', () => {
  const mistake = fc.tuple(fc.constantFrom(...longNames), fc.nat(), fc.constantFrom('', 'Q', 'QQ'));
  fc.assert(
    fc.property(mistake, ([variable, place, letters]) => {
      const at = place % variable.length;
      const name = variable.slice(0, at) + letters + variable.slice(at + 1);
      const meant: Variable | undefined = meantBy(name);
      // V4 and V6, IPv4 and IPv6 are one letter apart.
      expect([
        variable,
        variable.replace(/[46]/, (digit) => (digit === '4' ? '6' : '4')),
      ]).toContain(meant);
    }),
  );
});
