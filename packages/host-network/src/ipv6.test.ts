import { isIPv6 } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Ipv6Address, ipv6Bytes, ipv6Text, parseIpv6Address } from './ipv6.ts';

const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
// Zeros are what the spelling is about.
const sparseAddress = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xab), { minLength: 16, maxLength: 16 })
  .map((bytes) => Uint8Array.from(bytes));

describe('IPv6 text', () => {
  // RFC 5952, sections 4 and 5
  test.each([
    { text: '2001:0DB8::0001', canonical: '2001:db8::1' },
    { text: '2001:db8:0:0:0:0:2:1', canonical: '2001:db8::2:1' },
    { text: '2001:db8:0:1:1:1:1:1', canonical: '2001:db8:0:1:1:1:1:1' },
    { text: '2001:0:0:1:0:0:0:1', canonical: '2001:0:0:1::1' },
    { text: '2001:db8:0:0:1:0:0:1', canonical: '2001:db8::1:0:0:1' },
    { text: '0:0:0:0:0:0:0:0', canonical: '::' },
    { text: 'fe80::', canonical: 'fe80::' },
    { text: '::ffff:192.0.2.1', canonical: '::ffff:192.0.2.1' },
    { text: '64:ff9b::192.0.2.33', canonical: '64:ff9b::c000:221' },
  ])('$text is $canonical', ({ text, canonical }) => {
    expect(parseIpv6Address(text)).toBe(canonical);
  });

  test.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4:5:6:7::8',
    'fe80::1%eth0',
    '12345::',
    'g::',
    '::1.2.3.256',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
    '10.0.0.1',
    '::1/128',
    ' ::1',
  ])('%j is refused', (text) => {
    expect(() => parseIpv6Address(text)).toThrow(TypeError);
  });

  test('returns to the same bytes, is one that Node takes, and is its own canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(address, sparseAddress), (bytes) => {
        const text = ipv6Text(bytes);
        expect(ipv6Bytes(text)).toEqual(bytes);
        expect(isIPv6(text)).toBe(true);
        expect(parseIpv6Address(text)).toBe(text);
        // WHATWG URL serialises by the same rules, but for the mapped form.
        if (!text.startsWith('::ffff:'))
          expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
    );
  });

  test('of anything is read exactly when Node reads it', () => {
    const characters = fc.string({ unit: fc.constantFrom(':', '::', '0', 'a', 'ffff', '1.2.3.4') });
    fc.assert(
      fc.property(characters, (text) => {
        const isRead = (() => {
          try {
            ipv6Bytes(text as Ipv6Address);
            return true;
          } catch {
            return false;
          }
        })();
        expect(isRead).toBe(isIPv6(text));
      }),
    );
  });
});

test('only sixteen bytes are an IPv6 address', () => {
  expect(() => ipv6Text(new Uint8Array(4))).toThrow(TypeError);
});
