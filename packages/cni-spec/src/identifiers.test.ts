import { describe, expect, test } from '@jest/globals';
import { validateContainerID, validateInterfaceName, validateNetworkName } from './identifiers.ts';

const code = (expected: number) => expect.objectContaining({ code: expected });

describe.each([
  { name: 'validateContainerID', validate: validateContainerID, malformed: 4, empty: 3 },
  { name: 'validateNetworkName', validate: validateNetworkName, malformed: 7, empty: 7 },
])('$name', ({ validate, malformed, empty }) => {
  test.each(['a', '0', 'sbx-81', 'A_b.c-d', 'a--', 'x'.repeat(10_000)])('accepts "%s"', (id) => {
    expect(() => validate(id)).not.toThrow();
  });
  test.each(['-a', '_a', '.a', 'a b', 'a/b', 'a\n', 'a\nb', '\na', 'ä', 'a:b', 'a\0'])(
    'refuses %j',
    (id) => {
      expect(() => validate(id)).toThrow(code(malformed));
    },
  );
  test('has a code for the empty text', () => {
    expect(() => validate('')).toThrow(code(empty));
  });
});

describe('validateInterfaceName', () => {
  const accepted = [
    'eth0',
    'x'.repeat(15),
    'ä'.repeat(7),
    '\u{1f433}'.repeat(3),
    '...',
    '%',
    '@',
    '\0',
    '\u200b',
    '\ufeff',
  ];
  test.each(accepted)('accepts %j', (name) => {
    expect(() => validateInterfaceName(name)).not.toThrow();
  });

  const refused = [
    '',
    '.',
    '..',
    'a/b',
    'a:b',
    'x'.repeat(16),
    'ä'.repeat(8),
    '\u{1f433}'.repeat(4),
  ];
  test.each(refused)('refuses %j', (name) => {
    expect(() => validateInterfaceName(name)).toThrow(code(4));
  });

  // Reference, "Validation": Unicode White_Space, code point by code point.
  const blanks = [
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
  ];
  const spaces = Array.from({ length: 11 }, (_, index) => 0x2000 + index);
  const whiteSpace = new Set([...blanks, ...spaces]);
  test('refuses white space and nothing else of the basic plane', () => {
    for (let codePoint = 1; codePoint < 0x10000; codePoint += 1) {
      const character = String.fromCodePoint(codePoint);
      if ('/:.'.includes(character)) continue;
      const validate = () => validateInterfaceName(`a${character}`);
      if (whiteSpace.has(codePoint)) expect(validate).toThrow(code(4));
      else validate();
    }
  });
});
