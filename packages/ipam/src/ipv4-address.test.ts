import { expect, test } from '@jest/globals';
import { isIpv4Address, parseIpv4Address } from './ipv4-address.ts';

test.each(['10.0.0.7', '0.0.0.0', '255.255.255.255'])('%s is an address', (text) => {
  expect(parseIpv4Address(text)).toBe(text);
});

test.each([
  '',
  '10.0.0',
  '10.0.0.256',
  '10.0.0.07',
  '0x0a.0.0.7',
  ' 10.0.0.7',
  '10.0.0.7\n',
  '::1',
])('%j is no address', (text) => {
  expect(isIpv4Address(text)).toBe(false);
  expect(() => parseIpv4Address(text)).toThrow(TypeError);
});
