import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Ipv6Address, isIpv6Address, parseIpv6Address } from './ipv6-address.ts';
import {
  IPV6_PREFIX_SIZE,
  type Ipv6Prefix,
  ipv6AddressAt,
  ipv6PrefixOf,
  isIpv6Prefix,
  parseIpv6Prefix,
} from './ipv6-prefix.ts';

const PREFIX: Ipv6Prefix = '2001:db8:0:1:5::/80';

describe('an IPv6 address', () => {
  test.each([
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
  ])('%s is spelled %s', (text, canonical) => {
    expect(parseIpv6Address(text)).toBe(canonical);
    expect(isIpv6Address(canonical)).toBe(true);
    expect(isIpv6Address(text)).toBe(text === canonical);
  });

  test.each(['', '10.0.0.7', '2001:db8::1::', 'fe80::1%eth0', '2001:db8::/80', ' ::1'])(
    '%j is none',
    (text) => {
      expect(isIpv6Address(text)).toBe(false);
      expect(() => parseIpv6Address(text)).toThrow(TypeError);
    },
  );
});

describe('a /80', () => {
  test('is spelled one way', () => {
    expect(parseIpv6Prefix('2001:0db8:0:1:5:0:0:0/80')).toBe(PREFIX);
    expect(isIpv6Prefix(PREFIX)).toBe(true);
    expect(isIpv6Prefix('2001:0db8:0:1:5::/80')).toBe(false);
  });

  test.each([
    '2001:db8::1/80',
    '2001:db8::/64',
    '2001:db8::',
    '10.0.0.16/28',
    '/80',
    '',
    `${PREFIX} `,
  ])('%j is none', (text) => {
    expect(isIpv6Prefix(text)).toBe(false);
    expect(() => parseIpv6Prefix(text)).toThrow(TypeError);
  });

  test('counts its addresses from its first one', () => {
    const at = (offset: number) => ipv6AddressAt(PREFIX, offset);
    expect([at(0), at(1), at(0x1_0000), at(IPV6_PREFIX_SIZE - 1)]).toEqual([
      '2001:db8:0:1:5::',
      '2001:db8:0:1:5::1',
      '2001:db8:0:1:5:0:1:0',
      '2001:db8:0:1:5:ffff:ffff:ffff',
    ]);
  });

  test('has the addresses that are counted in it, and no others', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.maxSafeNat(), (text, nat) => {
        const prefix = ipv6PrefixOf(parseIpv6Address(text));
        const address: Ipv6Address = ipv6AddressAt(prefix, nat % IPV6_PREFIX_SIZE);
        expect(isIpv6Prefix(prefix)).toBe(true);
        expect(isIpv6Address(address)).toBe(true);
        expect(ipv6PrefixOf(address)).toBe(prefix);
      }),
    );
  });
});
