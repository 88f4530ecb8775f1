import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatIpv4, ipv4Number, ipv4Range, overlaps } from './ipv4.ts';

test('addresses survive the way to a number and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      expect(ipv4Number(formatIpv4(value))).toBe(value);
    }),
  );
});

test.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.-4', 'a.b.c.d', '1.2.3. 4'])(
  '%j is no address',
  (text) => {
    expect(ipv4Number(text)).toBeUndefined();
  },
);

test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.1/24', '10.0.0.0/24/1', '/24', '10.0.0.0/-1'])(
  '%j is no network',
  (text) => {
    expect(ipv4Range(text)).toBeUndefined();
  },
);

test('networks that touch do not overlap', () => {
  const a = { base: 0, size: 16 };
  expect(overlaps(a, { base: 16, size: 16 })).toBe(false);
  expect(overlaps(a, { base: 8, size: 16 })).toBe(true);
});
