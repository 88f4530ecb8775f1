import { expect, test } from '@jest/globals';
import { checkSettings } from './check-settings.ts';
import { type ManifestOptions, manifestEnv } from './manifest-env.ts';
import type { Container } from './setting.ts';

const texts = (container: Container, options: Partial<ManifestOptions> = {}) =>
  manifestEnv(container, { version: 'v0.1.0', ...options }).map((entry) =>
    'value' in entry
      ? `${entry.name}=${entry.value}`
      : `${entry.name}<-${entry.valueFrom.fieldRef.fieldPath}`,
  );

// In the order of the AWS VPC CNI's manifest of v1.23.1.
test('the daemon’s container', () => {
  expect(texts('aws-node')).toEqual([
    'ADDITIONAL_ENI_TAGS={}',
    'AWS_VPC_CNI_NODE_PORT_SUPPORT=true',
    'AWS_VPC_ENI_MTU=9001',
    'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=false',
    'AWS_VPC_K8S_CNI_EXTERNALSNAT=false',
    'AWS_VPC_K8S_CNI_LOGLEVEL=DEBUG',
    'AWS_VPC_K8S_CNI_LOG_FILE=/host/var/log/aws-routed-eni/ipamd.log',
    'AWS_VPC_K8S_CNI_RANDOMIZESNAT=prng',
    'AWS_VPC_K8S_CNI_VETHPREFIX=eni',
    'AWS_VPC_K8S_PLUGIN_LOG_FILE=/var/log/aws-routed-eni/plugin.log',
    'AWS_VPC_K8S_PLUGIN_LOG_LEVEL=DEBUG',
    'DISABLE_INTROSPECTION=false',
    'DISABLE_METRICS=false',
    'DISABLE_NETWORK_RESOURCE_PROVISIONING=false',
    'ENABLE_IMDS_ONLY_MODE=false',
    'ENABLE_IPv4=true',
    'ENABLE_IPv6=false',
    'ENABLE_MULTI_NIC=false',
    'ENABLE_POD_ENI=false',
    'ENABLE_PREFIX_DELEGATION=false',
    'ENABLE_SUBNET_DISCOVERY=true',
    'NETWORK_POLICY_ENFORCING_MODE=standard',
    'VPC_CNI_VERSION=v0.1.0',
    'WARM_ENI_TARGET=1',
    'WARM_PREFIX_TARGET=1',
    'MY_NODE_NAME<-spec.nodeName',
    'MY_POD_NAME<-metadata.name',
  ]);
});

test('the init container', () => {
  expect(texts('aws-vpc-cni-init')).toEqual(['DISABLE_TCP_EARLY_DEMUX=false', 'ENABLE_IPv6=false']);
});

test('without a policy agent there is no policy mode', () => {
  const without = texts('aws-node', { hasPolicyAgent: false });
  expect(texts('aws-node').filter((text) => !without.includes(text))).toEqual([
    'NETWORK_POLICY_ENFORCING_MODE=standard',
  ]);
});

test.each([
  ['aws-node', ['entry', 'ipamd']],
  ['aws-vpc-cni-init', ['init']],
] as const)('programs of %s start with it, and have nothing to say', (container, readers) => {
  const environment = Object.fromEntries(
    manifestEnv(container, { version: 'v0.1.0' }).map((entry) => [
      entry.name,
      'value' in entry ? entry.value : 'x',
    ]),
  );
  expect(checkSettings(environment, readers)).toMatchObject({ problems: [], notices: [] });
});
