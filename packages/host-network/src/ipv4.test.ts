import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  broadcastAddress,
  canonicalCidr,
  type Ipv4Cidr,
  ipv4Bytes,
  ipv4Text,
  parseIpv4Address,
  parseIpv4Cidr,
  subnetRouter,
} from './ipv4.ts';

describe('IPv4 addresses', () => {
  test('survive a round trip through bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        expect(ipv4Bytes(ipv4Text(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.01',
    '10.0.0.1 ',
    '::1',
    '10.0.0.1/32',
    '1e1.0.0.1',
  ])('do not look like %j', (text) => {
    expect(() => parseIpv4Address(text)).toThrow(TypeError);
  });

  test('have four bytes', () => {
    expect(() => ipv4Text(new Uint8Array(16))).toThrow(TypeError);
  });
});

describe('IPv4 networks', () => {
  const cases: readonly {
    cidr: Ipv4Cidr;
    canonical: string;
    router: string;
    broadcast: string | undefined;
  }[] = [
    // plugin-and-host-network §9
    {
      cidr: '10.0.32.0/19',
      canonical: '10.0.32.0/19',
      router: '10.0.32.1',
      broadcast: '10.0.63.255',
    },
    {
      cidr: '10.0.41.20/19',
      canonical: '10.0.32.0/19',
      router: '10.0.32.1',
      broadcast: '10.0.63.255',
    },
    {
      cidr: '10.0.0.255/24',
      canonical: '10.0.0.0/24',
      router: '10.0.0.1',
      broadcast: '10.0.0.255',
    },
    {
      cidr: '223.255.255.0/24',
      canonical: '223.255.255.0/24',
      router: '223.255.255.1',
      broadcast: '223.255.255.255',
    },
    { cidr: '1.2.3.4/0', canonical: '0.0.0.0/0', router: '0.0.0.1', broadcast: '255.255.255.255' },
    { cidr: '10.0.0.6/31', canonical: '10.0.0.6/31', router: '10.0.0.7', broadcast: undefined },
    { cidr: '10.0.0.7/32', canonical: '10.0.0.7/32', router: '10.0.0.8', broadcast: undefined },
  ];

  test.each(cases)('$cidr has router $router', ({ cidr, canonical, router, broadcast }) => {
    expect([canonicalCidr(cidr), subnetRouter(cidr), broadcastAddress(cidr)]).toEqual([
      canonical,
      router,
      broadcast,
    ]);
  });

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/1/2', '10.0/8', '10.0.0.0/-1'])(
    'do not look like %j',
    (text) => {
      expect(() => parseIpv4Cidr(text)).toThrow(TypeError);
    },
  );
});
