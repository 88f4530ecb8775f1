import { isIPv6 } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalCidr, canonicalIp } from './ip-text.ts';

describe('canonicalIp', () => {
  test.each([
    { text: '192.0.2.1', canonical: '192.0.2.1' },
    { text: '0.0.0.0', canonical: '0.0.0.0' },
    { text: '2001:DB8:0:0:1:0:0:1', canonical: '2001:db8::1:0:0:1' },
    { text: '2001:db8:0:1:1:1:1:1', canonical: '2001:db8:0:1:1:1:1:1' },
    { text: '0:0:0:0:0:0:0:0', canonical: '::' },
    { text: '::1', canonical: '::1' },
    { text: 'fe80::', canonical: 'fe80::' },
    { text: '1::2:3:4:5:6:7', canonical: '1:0:2:3:4:5:6:7' },
    { text: '64:ff9b::192.0.2.33', canonical: '64:ff9b::c000:221' },
    { text: '::ffff:192.0.2.1', canonical: '192.0.2.1' },
    { text: '::FFFF:c000:0201', canonical: '192.0.2.1' },
  ])('reads $text as $canonical', ({ text, canonical }) => {
    expect(canonicalIp(text, 'gw')).toBe(canonical);
  });

  test.each([
    ...[
      '',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      '1.2.3.4 ',
      '0x1.2.3.4',
      '1e1.2.3.4',
      '-1.2.3.4',
    ],
    ...[
      ':',
      ':::',
      '1:2',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '12345::',
    ],
    ...[
      '::g',
      '1.2.3.4::',
      '::1.2.3',
      '::1.2.3.4:5',
      'fe80::1%eth0',
      ':1:2:3:4:5:6:7:8',
      '192.0.2.1/24',
    ],
  ])('refuses "%s" with code 6 and quotes it', (text) => {
    const details = expect.stringContaining(JSON.stringify(text));
    expect(() => canonicalIp(text, 'gw')).toThrow(expect.objectContaining({ code: 6, details }));
  });

  test('agrees with the platform about every IPv6 text', () => {
    const word = fc.oneof(fc.constant('0'), fc.stringMatching(/^[0-9a-fA-F]{1,4}$/));
    const almostIpv6 = fc
      .array(fc.oneof(word, fc.constant('')), { minLength: 2, maxLength: 9 })
      .map((words) => words.join(':'));
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), almostIpv6), (text) => {
        if (!isIPv6(text)) {
          expect(() => canonicalIp(text, 'gw')).toThrow(expect.objectContaining({ code: 6 }));
          return;
        }
        // The URL parser has a formatter of its own; it never writes IPv4.
        const { hostname } = new URL(`http://[${text}]/`);
        const canonical = canonicalIp(text, 'gw');
        const isMapped = !canonical.includes(':');
        expect(
          isMapped ? new URL(`http://[::ffff:${canonical}]/`).hostname : `[${canonical}]`,
        ).toBe(hostname);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('canonicalCidr', () => {
  test.each([
    { text: '198.51.100.7/19', canonical: '198.51.100.7/19' },
    { text: '0.0.0.0/0', canonical: '0.0.0.0/0' },
    { text: '2001:DB8::00ff/64', canonical: '2001:db8::ff/64' },
    { text: '::/0', canonical: '::/0' },
    { text: '::ffff:192.0.2.1/120', canonical: '192.0.2.1/24' },
    { text: '::ffff:192.0.2.1/96', canonical: '192.0.2.1/0' },
  ])('reads $text as $canonical, host bits and all', ({ text, canonical }) => {
    expect(canonicalCidr(text, 'dst')).toBe(canonical);
  });

  test.each([
    ...[
      '',
      '/24',
      '192.0.2.1',
      '192.0.2.1/',
      '192.0.2.1/33',
      '192.0.2.1/-1',
      '192.0.2.1/+1',
      '192.0.2.1/24/24',
    ],
    ...[
      '198.018.0.1/16',
      '::/129',
      '::ffff:192.0.2.1/95',
      '192.0.2.1/1.5',
      '192.0.2.1/24 ',
      '<nil>',
    ],
  ])('refuses "%s" with code 6', (text) => {
    expect(() => canonicalCidr(text, 'dst')).toThrow(expect.objectContaining({ code: 6 }));
  });
});
