import { expect, test } from '@jest/globals';
import { SubnetIpv6Addresses } from './subnet-ipv6-addresses.ts';

const cidr = '2001:db8:0:1::/64';

test.each(['10.0.0.0/24', '2001:db8::/56', 'x', '2001:db8::'])('is not made from %s', (text) => {
  expect(() => new SubnetIpv6Addresses(text)).toThrow(TypeError);
});

test('gives rising addresses and prefixes that do not overlap', () => {
  const subnet = new SubnetIpv6Addresses(cidr);
  expect([subnet.takeAddress(), subnet.takeAddress()]).toEqual([
    '2001:db8:0:1::10',
    '2001:db8:0:1::11',
  ]);
  expect([subnet.takePrefix(), subnet.takePrefix()]).toEqual([
    '2001:db8:0:1:1::/80',
    '2001:db8:0:1:2::/80',
  ]);
});

test('refuses what is outside, kept by AWS, in use, or not a /80', () => {
  const subnet = new SubnetIpv6Addresses(cidr);
  expect(subnet.takeGivenPrefix('2001:db8:0:1:1::/80')).toBe('2001:db8:0:1:1::/80');
  const refused = ['2001:db8:0:1::1', '2001:db8:0:2::10', '2001:db8:0:1:1::5', 'nonsense'];
  expect(refused.map((text) => subnet.takeGivenAddress(text))).toEqual(
    refused.map(() => undefined),
  );
  const prefixes = ['2001:db8:0:1:1::/80', '2001:db8:0:1::/80', '2001:db8:0:1:2::/64'];
  expect(prefixes.map((text) => subnet.takeGivenPrefix(text))).toEqual(
    prefixes.map(() => undefined),
  );
});

test('passes over a block that holds a single address, and takes back what is released', () => {
  const subnet = new SubnetIpv6Addresses(cidr);
  expect(subnet.takeGivenAddress('2001:DB8:0:1:1:0:0:9')).toBe('2001:db8:0:1:1::9');
  expect(subnet.takePrefix()).toBe('2001:db8:0:1:2::/80');
  subnet.releaseAddress('2001:db8:0:1:1::9');
  subnet.releasePrefix('2001:db8:0:1:2::/80');
  expect(subnet.takeGivenPrefix('2001:db8:0:1:1::/80')).toBe('2001:db8:0:1:1::/80');
  expect(subnet.takeGivenPrefix('2001:db8:0:1:2::/80')).toBe('2001:db8:0:1:2::/80');
});
