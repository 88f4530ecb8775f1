import { expect, test } from '@jest/globals';
import { hostSysctls } from './host-sysctls.ts';
import { readInstallSettings } from './settings.ts';

const RP_FILTER = 'net/ipv4/conf/eth0.1/rp_filter = 2';
const FORWARDING = ['net/ipv6/conf/all/forwarding = 1', 'net/ipv6/conf/eth0.1/accept_ra = 2'];

test.each([
  { variables: {}, expected: [RP_FILTER, 'net/ipv4/tcp_early_demux = 1'] },
  {
    variables: { DISABLE_TCP_EARLY_DEMUX: 'true' },
    expected: [RP_FILTER, 'net/ipv4/tcp_early_demux = 0'],
  },
  {
    variables: { ENABLE_IPv6: 'true' },
    expected: [
      RP_FILTER,
      'net/ipv4/tcp_early_demux = 1',
      'net/ipv6/conf/all/disable_ipv6 = 0',
      ...FORWARDING,
    ],
  },
  {
    variables: { ENABLE_V6_EGRESS: 'true' },
    expected: [RP_FILTER, 'net/ipv4/tcp_early_demux = 1', ...FORWARDING],
  },
  {
    variables: { ENABLE_V4_EGRESS: 'true' },
    expected: [RP_FILTER, 'net/ipv4/tcp_early_demux = 1'],
  },
])('with $variables', ({ variables, expected }) => {
  const sysctls = hostSysctls(readInstallSettings(variables).settings, 'eth0.1');
  expect(sysctls.map(({ key, value }) => `${key} = ${value}`)).toEqual(expected);
  const optional = sysctls.filter(({ isOptional }) => isOptional).map(({ key }) => key);
  expect(optional).toEqual(['net/ipv4/tcp_early_demux']);
});
