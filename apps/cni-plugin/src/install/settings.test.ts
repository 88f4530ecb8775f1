import { describe, expect, test } from '@jest/globals';
import { describeFinding } from '@vpc-cni/config';
import { readInstallSettings } from './settings.ts';

const settingsOf = (environment: Readonly<Record<string, string>>) => {
  const { settings, problems, notices } = readInstallSettings(environment);
  expect({ problems, notices }).toEqual({ problems: [], notices: [] });
  return settings;
};

test('without variables everything is as in the AWS VPC CNI', () => {
  expect(settingsOf({})).toEqual({
    binDirectory: '/host/opt/cni/bin',
    confDirectory: '/host/etc/cni/net.d',
    runDirectory: '/var/run/aws-node',
    readyWaitMs: 60_000,
    imdsEndpoint: undefined,
    isIpv6: false,
    egress: { isEnabled: false, logFile: '/var/log/aws-routed-eni/egress-v6-plugin.log' },
    disablesTcpEarlyDemux: false,
    chain: {
      vethPrefix: 'eni',
      podMtuBytes: 9001,
      podSgEnforcingMode: 'strict',
      pluginLogFile: '/var/log/aws-routed-eni/plugin.log',
      pluginLogLevel: 'Debug',
      randomizeSnat: 'prng',
      hasBandwidth: false,
      disablesPodIpv6: false,
    },
  });
});

test.each([
  { environment: { HOST_CNI_BIN_PATH: '/b' }, read: { binDirectory: '/b' } },
  { environment: { HOST_CNI_CONFDIR_PATH: '/c' }, read: { confDirectory: '/c' } },
  { environment: { AWS_VPC_K8S_CNI_RUN_DIR: '/r' }, read: { runDirectory: '/r' } },
  { environment: { AWS_VPC_K8S_CNI_INSTALL_WAIT: '5' }, read: { readyWaitMs: 5000 } },
  { environment: { DISABLE_TCP_EARLY_DEMUX: 'True' }, read: { disablesTcpEarlyDemux: true } },
  { environment: { ENABLE_V6_EGRESS: 'true' }, read: { egress: { isEnabled: true } } },
  { environment: { ENABLE_V4_EGRESS: 'false' }, read: { egress: { isEnabled: false } } },
  {
    environment: { ENABLE_IPv6: 'true', AWS_VPC_K8S_EGRESS_V4_PLUGIN_LOG_FILE: '/e' },
    read: { isIpv6: true, egress: { isEnabled: true, logFile: '/e' } },
  },
  {
    environment: { ENABLE_IPv6: 'true', ENABLE_V4_EGRESS: 'f', ENABLE_V6_EGRESS: 't' },
    read: { egress: { isEnabled: false } },
  },
])('$environment is read', ({ environment, read }) => {
  expect(settingsOf(environment)).toMatchObject(read);
});

test.each([
  { environment: { AWS_VPC_ENI_MTU: '1500' }, read: { podMtuBytes: 1500 } },
  { environment: { AWS_VPC_ENI_MTU: '1500', POD_MTU: '1400' }, read: { podMtuBytes: 1400 } },
  { environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'abcd' }, read: { vethPrefix: 'abcd' } },
  { environment: { AWS_VPC_K8S_PLUGIN_LOG_FILE: '' }, read: { pluginLogFile: '' } },
  { environment: { AWS_VPC_K8S_PLUGIN_LOG_FILE: 'stderr' }, read: { pluginLogFile: 'stderr' } },
  { environment: { AWS_VPC_K8S_PLUGIN_LOG_LEVEL: 'WARN' }, read: { pluginLogLevel: 'WARN' } },
  { environment: { AWS_VPC_K8S_CNI_RANDOMIZESNAT: 'none' }, read: { randomizeSnat: 'none' } },
  { environment: { ENABLE_BANDWIDTH_PLUGIN: '1' }, read: { hasBandwidth: true } },
  { environment: { DISABLE_POD_V6: 'TRUE' }, read: { disablesPodIpv6: true } },
  {
    environment: { POD_SECURITY_GROUP_ENFORCING_MODE: 'standard' },
    read: { podSgEnforcingMode: 'standard' },
  },
])('$environment goes into the chain', ({ environment, read }) => {
  expect(settingsOf(environment).chain).toMatchObject(read);
});

const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true' };

describe('what may not be installed names variable, value and remedy:', () => {
  test.each([
    { variable: 'AWS_VPC_K8S_PLUGIN_LOG_FILE', value: 'stdout', others: {} },
    { variable: 'AWS_VPC_K8S_PLUGIN_LOG_FILE', value: 'Stdout', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: 'abcde', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: 'äöü', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: 'eth', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: 'lo', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: 'vlan', others: {} },
    {
      variable: 'POD_SECURITY_GROUP_ENFORCING_MODE',
      value: 'Strict',
      others: { ENABLE_POD_ENI: 'true' },
    },
    { variable: 'IP_COOLDOWN_PERIOD', value: '-1', others: {} },
    { variable: 'IP_COOLDOWN_PERIOD', value: '30s', others: {} },
    { variable: 'AWS_VPC_ENI_MTU', value: '575', others: {} },
    { variable: 'AWS_VPC_ENI_MTU', value: '9002', others: {} },
    { variable: 'AWS_VPC_ENI_MTU', value: '', others: {} },
    { variable: 'AWS_VPC_ENI_MTU', value: '1279', others: { ENABLE_IPv6: 'true' } },
    { variable: 'POD_MTU', value: '1e3', others: {} },
    { variable: 'POD_MTU', value: '1279', others: { ENABLE_IPv6: 'true' } },
    { variable: 'HOST_CNI_BIN_PATH', value: '', others: {} },
    { variable: 'HOST_CNI_CONFDIR_PATH', value: 'net.d', others: {} },
    { variable: 'AWS_VPC_K8S_CNI_INSTALL_WAIT', value: '0', others: {} },
    { variable: 'WARM_PREFIX_TARGET', value: '', others: PREFIXES },
    { variable: 'WARM_PREFIX_TARGET', value: '0', others: { ...PREFIXES, WARM_IP_TARGET: '-5' } },
  ])('$variable=$value with $others', ({ variable, value, others }) => {
    const { problems } = readInstallSettings({ ...others, [variable]: value });
    expect(problems).toEqual([expect.objectContaining({ variable, value })]);
    for (const problem of problems) {
      expect(describeFinding(problem)).toMatch(/^\w+ is ".*", expected .+: .+$/);
    }
  });

  test('all of it at once', () => {
    const { problems } = readInstallSettings({ POD_MTU: 'x', AWS_VPC_K8S_CNI_VETHPREFIX: 'lo' });
    expect(problems.map(({ variable }) => variable).sort()).toEqual([
      'AWS_VPC_K8S_CNI_VETHPREFIX',
      'POD_MTU',
    ]);
  });
});

test.each(['WARM_PREFIX_TARGET', 'WARM_IP_TARGET', 'MINIMUM_IP_TARGET'])(
  'prefixes are fine with %s',
  (variable) => expect(settingsOf({ ...PREFIXES, [variable]: '1' })).toBeDefined(),
);

// What the AWS VPC CNI starts with, here starts too.
test.each([
  { variable: 'ENABLE_BANDWIDTH_PLUGIN', value: '', read: { hasBandwidth: false } },
  { variable: 'ENABLE_BANDWIDTH_PLUGIN', value: 'TrUe', read: { hasBandwidth: false } },
  { variable: 'ENABLE_BANDWIDTH_PLUGIN', value: 'yes', read: { hasBandwidth: false } },
  { variable: 'AWS_VPC_K8S_CNI_VETHPREFIX', value: '', read: { vethPrefix: 'eni' } },
  { variable: 'AWS_VPC_K8S_PLUGIN_LOG_LEVEL', value: 'loud', read: { pluginLogLevel: 'Debug' } },
  { variable: 'AWS_VPC_K8S_CNI_RANDOMIZESNAT', value: 'PRNG', read: { randomizeSnat: 'prng' } },
  {
    variable: 'POD_SECURITY_GROUP_ENFORCING_MODE', // judged with ENABLE_POD_ENI only
    value: 'odd',
    read: { podSgEnforcingMode: 'strict' },
  },
])('$variable=$value is the default, with a notice', ({ variable, value, read }) => {
  const { settings, problems, notices } = readInstallSettings({ [variable]: value });
  expect(settings.chain).toMatchObject(read);
  expect(problems).toEqual([]);
  expect(notices.map(describeFinding)).toEqual([
    expect.stringMatching(new RegExp(`^${variable} is "${value}", expected .+: .+ is used$`)),
  ]);
});
