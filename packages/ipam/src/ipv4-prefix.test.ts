import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Ipv4Address } from './ipv4-address.ts';
import {
  addressesOf,
  isIpv4Prefix,
  PREFIX_SIZE,
  parseIpv4Prefix,
  prefixOf,
} from './ipv4-prefix.ts';

test.each([
  '10.0.0.17/28',
  '10.0.0.16',
  '10.0.0.16/27',
  '10.0.0.016/28',
  '10.0.16/28',
  '10.0.0.256/28',
  '/28',
  '',
  '10.0.0.16/28 ',
])('%j is no prefix', (text) => {
  expect(isIpv4Prefix(text)).toBe(false);
  expect(() => parseIpv4Prefix(text)).toThrow(TypeError);
});

test('a prefix has sixteen addresses, the first and the last of it among them', () => {
  const addresses = addressesOf(parseIpv4Prefix('10.0.0.240/28'));
  expect([addresses[0], addresses.at(-1), addresses.length]).toEqual([
    '10.0.0.240',
    '10.0.0.255',
    PREFIX_SIZE,
  ]);
});

test('each address is in exactly the prefix that lists it', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const address = text as Ipv4Address; // canonical by construction
      const prefix = prefixOf(address);
      expect(parseIpv4Prefix(prefix)).toBe(prefix);
      expect(addressesOf(prefix)).toContain(address);
      expect(new Set(addressesOf(prefix).map(prefixOf))).toEqual(new Set([prefix]));
    }),
  );
});
