import { describe, expect, test } from '@jest/globals';
import {
  addressInBlock,
  destination,
  ipv4Address,
  ipv4Block,
  linkLocalAddress,
  macAddress,
  plainName,
  requireInside,
  wholeNumber,
} from './command-words.ts';

describe('command words', () => {
  const rejected: readonly { name: string; parse: () => unknown }[] = [
    {
      name: 'a second command after an address',
      parse: () => ipv4Address('10.0.0.1\nlink del eth0'),
    },
    { name: 'a short address', parse: () => ipv4Address('10.1') },
    { name: 'an IPv6 address with a zone', parse: () => destination('fe80::1%eth0') },
    { name: 'an IPv6 prefix with more behind it', parse: () => destination('fd00::/80 dev lo') },
    { name: 'a prefix length out of range', parse: () => ipv4Block('10.0.0.0/33') },
    { name: 'a block without length', parse: () => ipv4Block('10.0.0.0') },
    { name: 'an address outside a block', parse: () => requireInside('10.0.0.0/24', '10.0.1.0') },
    { name: 'a MAC with more behind it', parse: () => macAddress('02:00:00:00:00:01 up') },
    { name: 'an empty name', parse: () => plainName('') },
    { name: 'a name that is an option', parse: () => plainName('-force') },
    { name: 'a name with a path', parse: () => plainName('../x') },
    { name: 'a fraction', parse: () => wholeNumber('index', 1.5, { low: 0, high: 2 }) },
    { name: 'a number out of range', parse: () => wholeNumber('index', 3, { low: 0, high: 2 }) },
  ];

  test.each(rejected)('refuse $name', ({ parse }) => {
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  test('bring destinations into the form of a route', () => {
    expect(destination('10.0.0.5')).toBe('10.0.0.5/32');
    expect(destination('10.0.0.21/28')).toBe('10.0.0.16/28');
    expect(destination('2001:db8:0::5')).toBe('2001:db8::5/128');
    expect(destination('2001:db8:0:1:5::7/80')).toBe('2001:db8:0:1:5::/80');
  });

  test('tell the address that a link gives itself', () => {
    expect(linkLocalAddress('02:00:00:00:00:01')).toBe('fe80::ff:fe00:1');
    expect(linkLocalAddress('00:16:3e:12:34:56')).toBe('fe80::216:3eff:fe12:3456');
  });

  test.each([
    { cidr: '10.0.1.0/24', offset: 1, address: '10.0.1.1' },
    { cidr: '10.0.1.77/24', offset: 2, address: '10.0.1.2' },
    { cidr: '10.0.0.240/28', offset: 15, address: '10.0.0.255' },
    { cidr: '255.255.255.0/24', offset: 256, address: '0.0.0.0' },
  ])('count $offset from the base of $cidr', ({ cidr, offset, address }) => {
    expect(addressInBlock(ipv4Block(cidr), offset)).toBe(address);
  });
});
