import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { macBytes, macText, randomMac } from './mac-address.ts';

const sixBytes = fc.uint8Array({ minLength: 6, maxLength: 6 });

test('a hardware address survives a round trip, in lower case', () => {
  fc.assert(
    fc.property(sixBytes, (bytes) => {
      expect(macBytes(macText(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

test.each(['', '0a:11:22:33:44', '0a:11:22:33:44:0g', '0a-11-22-33-44-01', '0a:11:22:33:44:01:02'])(
  '%j is not a hardware address',
  (text) => {
    expect(() => macBytes(text)).toThrow(TypeError);
  },
);

test('a random hardware address is unicast and locally administered', () => {
  fc.assert(
    fc.property(sixBytes, (bytes) => {
      const [first = 0, ...rest] = macBytes(randomMac(bytes));
      expect(first & 3).toBe(2);
      expect(rest).toEqual(Array.from(bytes.subarray(1)));
    }),
  );
});
