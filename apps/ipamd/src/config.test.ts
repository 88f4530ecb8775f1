import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

test('without any variable everything has upstream’s default', () => {
  expect(readConfig({})).toMatchObject({
    runDirectory: '/var/run/aws-node',
    checkpointPath: '/var/run/aws-node/ipam.json',
    targets: { warmEniTarget: 1, warmIpTarget: 0, minimumIpTarget: 0 },
    addressCooldownMs: 30_000,
    host: {
      vethPrefix: 'eni',
      eniMtuBytes: 9001,
      connmark: 0x80,
      nodePortSupport: true,
      externalSnat: false,
      excludeSnatCidrs: [],
      externalServiceCidrs: [],
      randomizeSnat: 'prng',
      hasEgressPlugin: false,
    },
    grpc: { alsoOnTcp: false, networkPolicyMode: '' },
    criSockets: ['/run/containerd/containerd.sock', '/run/crio/crio.sock'],
    metricsPort: 61678,
    introspectionAddress: '127.0.0.1:61679',
    notices: [],
  });
});

test.each([
  ['AWS_VPC_K8S_CNI_EXTERNALSNAT', 'True', { host: { externalSnat: true } }],
  ['AWS_VPC_K8S_CNI_CONNMARK', '0x100', { host: { connmark: 256 } }],
  ['AWS_VPC_K8S_CNI_CONNMARK', '256', { host: { connmark: 256 } }],
  ['IP_COOLDOWN_PERIOD', '0', { addressCooldownMs: 0 }],
  ['DISABLE_METRICS', 't', { metricsPort: undefined }],
  ['DISABLE_INTROSPECTION', '1', { introspectionAddress: undefined }],
  ['ENABLE_V6_EGRESS', 'true', { host: { hasEgressPlugin: true } }],
  ['AWS_VPC_K8S_CNI_RANDOMIZESNAT', 'hashrandom', { host: { randomizeSnat: 'hashrandom' } }],
  [
    'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS',
    ' 10.1.0.0/16 ,0.0.0.0/0',
    { host: { excludeSnatCidrs: ['10.1.0.0/16', '0.0.0.0/0'] } },
  ],
  ['AWS_VPC_K8S_CNI_GRPC_ON_TCP', 'true', { grpc: { alsoOnTcp: true } }],
  ['AWS_VPC_K8S_CNI_CRI_SOCKET', '/run/x.sock', { criSockets: ['/run/x.sock'] }],
  ['AWS_VPC_K8S_CNI_CRI_SOCKET', 'unix:///run/x.sock', { criSockets: ['/run/x.sock'] }],
  ['AWS_VPC_K8S_CNI_CRI_SOCKET', 'none', { criSockets: [] }],
  ['NETWORK_POLICY_ENFORCING_MODE', 'Strict', { grpc: { networkPolicyMode: 'Strict' } }],
  ['NETWORK_POLICY_ENFORCING_MODE', 'none', { grpc: { networkPolicyMode: 'none' } }],
  [
    'AWS_EXTERNAL_SERVICE_CIDRS',
    '10.9.0.0/16',
    { host: { externalServiceCidrs: ['10.9.0.0/16'] } },
  ],
  ['AWS_VPC_K8S_CNI_RUN_DIR', '/run/x', { checkpointPath: '/run/x/ipam.json' }],
])('%s=%j is understood', (variable, value, expected) => {
  expect(readConfig({ [variable]: value })).toMatchObject({ ...expected, notices: [] });
});

test.each([
  ['AWS_VPC_K8S_CNI_EXTERNALSNAT', 'yes', 'true or false'],
  ['AWS_VPC_K8S_CNI_CONNMARK', '0', 'from 1 to 4294967295'],
  ['AWS_VPC_ENI_MTU', '90000', 'from 576 to 9001'],
  ['IP_COOLDOWN_PERIOD', '-1', 'at least 0'],
  ['AWS_VPC_K8S_CNI_RANDOMIZESNAT', 'PRNG', 'prng, hashrandom, none'],
  ['AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', 'fd00::/8', 'IPv4 CIDRs'],
  ['AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', '10.0.0.0/33', 'IPv4 CIDRs'],
])(
  '%s=%j is named with what was expected, and the default is used',
  (variable, value, expected) => {
    const { notices, ...config } = readConfig({ [variable]: value });
    const { notices: none, ...defaults } = readConfig({});
    expect(notices).toEqual([
      { variable, value, expected: expect.stringContaining(expected), used: expect.any(String) },
    ]);
    expect(none).toEqual([]);
    expect(config).toEqual(defaults);
  },
);

test.each(['', 'off', ' strict'])('network policy mode %j has no safe default', (mode) => {
  expect(() => readConfig({ NETWORK_POLICY_ENFORCING_MODE: mode })).toThrow(
    /NETWORK_POLICY_ENFORCING_MODE is ".*", expected none, standard or strict/,
  );
});
