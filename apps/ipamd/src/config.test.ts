import { describe, expect, test } from '@jest/globals';
import { readConfig } from './config.ts';

/** As every manifest has it: without, the daemon does not start. */
const IPV4 = { ENABLE_IPv4: 'true' };

test('without any variable everything has upstream’s default', () => {
  expect(readConfig(IPV4)).toMatchObject({
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
    cluster: {
      nodeName: '',
      podName: '',
      clusterEndpoint: undefined,
      customNetworking: false,
      eniConfigAnnotationDef: 'k8s.amazonaws.com/eniConfig',
      eniConfigLabelDef: 'k8s.amazonaws.com/eniConfig',
      podEni: false,
      podSecurityGroupEnforcingMode: 'strict',
      annotatePodIp: false,
      manageEnisNonSchedulable: false,
    },
    grpc: { alsoOnTcp: false },
    networkPolicyMode: '',
    criSockets: ['/run/containerd/containerd.sock', '/run/crio/crio.sock'],
    metricsPort: 61678,
    introspectionAddress: '127.0.0.1:61679',
    logFile: '/host/var/log/aws-routed-eni/ipamd.log',
    logLevel: 'debug',
    problems: [],
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
  ['NETWORK_POLICY_ENFORCING_MODE', 'Strict', { networkPolicyMode: 'Strict' }],
  ['NETWORK_POLICY_ENFORCING_MODE', 'none', { networkPolicyMode: 'none' }],
  [
    'AWS_EXTERNAL_SERVICE_CIDRS',
    '10.9.0.0/16',
    { host: { externalServiceCidrs: ['10.9.0.0/16'] } },
  ],
  ['AWS_VPC_K8S_CNI_RUN_DIR', '/run/x', { checkpointPath: '/run/x/ipam.json' }],
  ['MY_NODE_NAME', 'ip-10-0-0-4', { cluster: { nodeName: 'ip-10-0-0-4' } }],
  ['MY_POD_NAME', 'aws-node-abcde', { cluster: { podName: 'aws-node-abcde' } }],
  ['CLUSTER_ENDPOINT', 'https://a', { cluster: { clusterEndpoint: 'https://a' } }],
  ['ENI_CONFIG_ANNOTATION_DEF', 'a/b', { cluster: { eniConfigAnnotationDef: 'a/b' } }],
  ['ENI_CONFIG_LABEL_DEF', 'a/b', { cluster: { eniConfigLabelDef: 'a/b' } }],
  [
    'POD_SECURITY_GROUP_ENFORCING_MODE',
    'standard',
    { cluster: { podSecurityGroupEnforcingMode: 'standard' } },
  ],
  [
    'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG',
    'true',
    { cluster: { customNetworking: true }, targets: { customNetworking: true } },
  ],
  ['ANNOTATE_POD_IP', 'true', { cluster: { annotatePodIp: true } }],
  ['AWS_MANAGE_ENIS_NON_SCHEDULABLE', '1', { cluster: { manageEnisNonSchedulable: true } }],
  ['AWS_VPC_K8S_CNI_LOGLEVEL', 'WARN', { logLevel: 'warn' }],
])('%s=%j is understood', (variable, value, expected) => {
  expect(readConfig({ ...IPV4, [variable]: value })).toMatchObject({
    ...expected,
    problems: [],
    notices: [],
  });
});

test('ENABLE_POD_ENI is carried, and nothing is missing of it', () => {
  const { cluster, notices } = readConfig({ ...IPV4, ENABLE_POD_ENI: 'true' });
  expect(cluster.podEni).toBe(true);
  expect(notices).toEqual([]);
});

test('with IPv6 pods have addresses of that family, and leaked ENIs are left alone', () => {
  const config = readConfig({ ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' });
  expect(config).toMatchObject({
    podFamily: 'ipv6',
    targets: { addressFamily: 'ipv6', assignmentMode: 'prefix' },
    enis: { deletesLeaked: false },
    problems: [],
    notices: [],
  });
  expect(readConfig(IPV4)).toMatchObject({ podFamily: 'ipv4', enis: { deletesLeaked: true } });
});

test('ENABLE_IMDS_ONLY_MODE keeps EC2 from being asked, and so from being changed', () => {
  const config = readConfig({ ...IPV4, ENABLE_IMDS_ONLY_MODE: 'true' });
  expect(config).toMatchObject({
    enis: { imdsOnly: true, provisions: false, deletesLeaked: false },
    problems: [],
    notices: [],
  });
});

test.each([['ENABLE_MULTI_NIC', {}]])(
  '%s is carried, with a notice of what this release cannot do yet',
  (variable, expected) => {
    const config = readConfig({ ...IPV4, [variable]: 'true' });
    expect(config).toMatchObject(expected);
    expect(config.problems).toEqual([]);
    expect(config.notices).toEqual([
      {
        variable,
        value: 'true',
        expected: 'false',
        remedy: expect.stringContaining('cannot do it yet'),
      },
    ]);
  },
);

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
    const { notices, ...config } = readConfig({ ...IPV4, [variable]: value });
    const { notices: none, ...defaults } = readConfig(IPV4);
    expect(notices).toEqual([
      {
        variable,
        value,
        expected: expect.stringContaining(expected),
        remedy: expect.stringMatching(/is used$|is left out$/),
      },
    ]);
    expect(none).toEqual([]);
    expect(config).toEqual(defaults);
  },
);

describe('the daemon must not start', () => {
  test.each([
    ['NETWORK_POLICY_ENFORCING_MODE', '', {}],
    ['NETWORK_POLICY_ENFORCING_MODE', 'off', {}],
    ['NETWORK_POLICY_ENFORCING_MODE', ' strict', {}],
    ['ENABLE_IPv4', 'false', {}],
    ['ENABLE_IPv4', 'true', { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true' }],
    ['ENABLE_PREFIX_DELEGATION', 'false', { ENABLE_IPv4: 'false', ENABLE_IPv6: 'true' }],
  ])('with %s=%j and %j', (variable, value, others) => {
    const { problems } = readConfig({ ...IPV4, ...others, [variable]: value });
    expect(problems.map((problem) => [problem.variable, problem.value])).toEqual([
      [variable, value],
    ]);
  });
});
