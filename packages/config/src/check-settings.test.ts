import { describe, expect, test } from '@jest/globals';
import { checkSettings } from './check-settings.ts';
import { describeFinding } from './finding.ts';
import { rules } from './rules.ts';
import type { Reader } from './setting.ts';

const IPV4 = { ENABLE_IPv4: 'true' };
const IPV6 = { ENABLE_IPv6: 'true', ENABLE_PREFIX_DELEGATION: 'true', WARM_PREFIX_TARGET: '1' };
const INSTALLER: readonly Reader[] = ['init', 'entry'];
const DAEMON: readonly Reader[] = ['ipamd'];

const problemsOf = (environment: Readonly<Record<string, string>>, readers: readonly Reader[]) =>
  checkSettings(environment, readers).problems;

test('without any variable the installer starts; the daemon asks for a family', () => {
  expect(checkSettings({}, INSTALLER)).toMatchObject({ problems: [], notices: [] });
  expect(problemsOf({}, DAEMON).map(describeFinding)).toEqual([
    'ENABLE_IPv4 is "", expected exactly one of ENABLE_IPv4 and ENABLE_IPv6 to be true, not neither: ' +
      'set ENABLE_IPv4 to true and ENABLE_IPv6 to false, or the other way round',
  ]);
});

const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true' };

describe.each([
  { number: 1, readers: INSTALLER, environment: { AWS_VPC_K8S_PLUGIN_LOG_FILE: 'stdout' } },
  { number: 1, readers: INSTALLER, environment: { AWS_VPC_K8S_PLUGIN_LOG_FILE: 'STDout' } },
  { number: 2, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'abcde' } },
  { number: 2, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'äöü' } },
  { number: 2, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: '€€' } },
  { number: 2, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: '😀x' } },
  { number: 3, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'eth' } },
  { number: 3, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'lo' } },
  { number: 3, readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_VETHPREFIX: 'vlan' } },
  {
    number: 4,
    readers: INSTALLER,
    environment: { POD_SECURITY_GROUP_ENFORCING_MODE: 'Strict', ENABLE_POD_ENI: 'true' },
  },
  {
    number: 4,
    readers: INSTALLER,
    environment: { POD_SECURITY_GROUP_ENFORCING_MODE: '', ENABLE_POD_ENI: 'true' },
  },
  { number: 5, readers: INSTALLER, environment: { IP_COOLDOWN_PERIOD: '-1' } },
  { number: 5, readers: INSTALLER, environment: { IP_COOLDOWN_PERIOD: '' } },
  { number: 5, readers: INSTALLER, environment: { IP_COOLDOWN_PERIOD: '30s' } },
  { number: 6, readers: INSTALLER, environment: { AWS_VPC_ENI_MTU: '575' } },
  { number: 6, readers: INSTALLER, environment: { AWS_VPC_ENI_MTU: '' } },
  { number: 6, readers: INSTALLER, environment: { AWS_VPC_ENI_MTU: '1279', ...IPV6 } },
  { number: 6, readers: INSTALLER, environment: { POD_MTU: '9002' } },
  { number: 6, readers: INSTALLER, environment: { POD_MTU: '1279', ...IPV6 } },
  { number: 7, readers: INSTALLER, environment: { WARM_PREFIX_TARGET: '', ...PREFIXES } },
  { number: 7, readers: INSTALLER, environment: { WARM_PREFIX_TARGET: '0', ...PREFIXES } },
  {
    number: 7,
    readers: INSTALLER,
    environment: { WARM_PREFIX_TARGET: '-1', WARM_IP_TARGET: '-5', ...PREFIXES },
  },
  { number: 11, readers: DAEMON, environment: { NETWORK_POLICY_ENFORCING_MODE: '', ...IPV4 } },
  { number: 11, readers: DAEMON, environment: { NETWORK_POLICY_ENFORCING_MODE: 'off', ...IPV4 } },
  { number: 13, readers: DAEMON, environment: { ENABLE_IPv4: 'TrUe' } },
  { number: 13, readers: DAEMON, environment: { ENABLE_IPv4: 'true', ...IPV6 } },
  { number: 14, readers: DAEMON, environment: { ENABLE_PREFIX_DELEGATION: 'f', ENABLE_IPv6: '1' } },
  {
    number: 14,
    readers: DAEMON,
    environment: { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true', ...IPV6 },
  },
  { number: 'ours', readers: INSTALLER, environment: { HOST_CNI_BIN_PATH: '' } },
  { number: 'ours', readers: INSTALLER, environment: { HOST_CNI_CONFDIR_PATH: 'net.d' } },
  { number: 'ours', readers: INSTALLER, environment: { AWS_VPC_K8S_CNI_INSTALL_WAIT: '0' } },
])('check $number refuses $environment', ({ number, readers, environment }) => {
  const [variable = ''] = Object.keys(environment);
  const value: string | undefined = Object.values(environment)[0];

  test('and names variable, value and remedy, once', () => {
    const { problems, notices } = checkSettings(environment, readers);
    expect(problems).toEqual([
      { variable, value, expected: expect.any(String), remedy: expect.any(String) },
    ]);
    expect(problems.map(describeFinding)[0]).toMatch(/^\w+ is ".*", expected .+: .+$/);
    expect(notices.map((notice) => notice.variable)).not.toContain(variable);
  });

  test('by that rule alone, and only where it belongs', () => {
    const others = readers === DAEMON ? INSTALLER : DAEMON;
    expect(problemsOf(environment, others).map((problem) => problem.variable)).not.toContain(
      number === 7 ? 'WARM_PREFIX_TARGET' : variable,
    );
  });
});

test.each([
  { AWS_VPC_K8S_PLUGIN_LOG_FILE: 'stderr' },
  { AWS_VPC_K8S_PLUGIN_LOG_FILE: '' },
  { AWS_VPC_K8S_CNI_VETHPREFIX: 'öä' },
  { AWS_VPC_K8S_CNI_VETHPREFIX: '' },
  { POD_SECURITY_GROUP_ENFORCING_MODE: 'odd' },
  { IP_COOLDOWN_PERIOD: '0' },
  { POD_MTU: '1279' },
  { AWS_VPC_ENI_MTU: '1279', POD_MTU: '576' },
  { ...PREFIXES, WARM_PREFIX_TARGET: '1' },
  { ...PREFIXES, WARM_IP_TARGET: '1' },
  { ...PREFIXES, MINIMUM_IP_TARGET: '1' },
  { ...PREFIXES, WARM_PREFIX_TARGET: '0', WARM_IP_TARGET: 'some' }, // compared as texts
  IPV6,
])('the installer starts with %j', (environment) =>
  expect(problemsOf(environment, INSTALLER)).toEqual([]),
);

test.each([
  IPV4,
  IPV6,
  { ...IPV4, NETWORK_POLICY_ENFORCING_MODE: 'STANDARD' },
  { ...IPV4, AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' },
  { ...IPV4, ...PREFIXES },
])('the daemon starts with %j', (environment) =>
  expect(problemsOf(environment, DAEMON)).toEqual([]),
);

test('all that is wrong is told at once, in the order of the checks', () => {
  const environment = {
    POD_MTU: 'x',
    AWS_VPC_ENI_MTU: 'y',
    AWS_VPC_K8S_CNI_VETHPREFIX: 'lo',
    AWS_VPC_K8S_PLUGIN_LOG_FILE: 'stdout',
    HOST_CNI_BIN_PATH: 'b',
  };
  expect(problemsOf(environment, INSTALLER).map(({ variable }) => variable)).toEqual([
    'AWS_VPC_K8S_PLUGIN_LOG_FILE',
    'AWS_VPC_K8S_CNI_VETHPREFIX',
    'AWS_VPC_ENI_MTU',
    'POD_MTU',
    'HOST_CNI_BIN_PATH',
  ]);
  const numbers = rules.map(({ number }) => number).filter((number) => number !== 'ours');
  expect(numbers).toEqual([...numbers].sort((one, other) => Number(one) - Number(other)));
});

describe('notices', () => {
  const noticesOf = (environment: Readonly<Record<string, string>>, readers = DAEMON) =>
    checkSettings({ ...IPV4, ...environment }, readers).notices.map(describeFinding);

  test.each([
    [
      { AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER: 'false' },
      'AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER is "false", expected no such variable since v1.12.1: it may be removed. ' +
        'Effect: None: the init container always sets rp_filter of the primary link to 2 (loose).',
    ],
    [
      { ENABLE_NFTABLES: 'true' },
      'ENABLE_NFTABLES is "true", expected no such variable since v1.14.0: it may be removed. ' +
        "Effect: None: the host's own choice between nftables and legacy iptables is followed.",
    ],
    [
      { WARM_IP_TARGETS: '5' },
      'WARM_IP_TARGETS is "5", expected a variable that is read: did you mean WARM_IP_TARGET?',
    ],
    [
      { WARM_ENI_TARGET: '-1' },
      'WARM_ENI_TARGET is "-1", expected a whole number of at least 0: 1 is used',
    ],
    [
      { AWS_VPC_K8S_CNI_VETHPREFIX: '' },
      'AWS_VPC_K8S_CNI_VETHPREFIX is "", expected a text that is not empty: eni is used',
    ],
    [
      { CLUSTER_ENDPOINT: '' },
      'CLUSTER_ENDPOINT is "", expected a text that is not empty: the in-cluster address is used',
    ],
    [
      { IP_COOLDOWN_PERIOD: '' },
      'IP_COOLDOWN_PERIOD is "", expected a whole number of at least 0: 30 is used',
    ],
  ])('of %j', (environment, notice) => expect(noticesOf(environment)).toEqual([notice]));

  test.each([
    ['a variable of another program', { DISABLE_TCP_EARLY_DEMUX: 'maybe' }],
    ['variables that are not ours', { PATH: '/bin', KUBERNETES_SERVICE_HOST: '10.0.0.1' }],
    ['a switch that is off', { ENABLE_MULTI_NIC: 'false' }],
  ])('none of %s', (_name, environment) => expect(noticesOf(environment)).toEqual([]));
});
