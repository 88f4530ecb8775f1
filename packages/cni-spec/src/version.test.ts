import { describe, expect, test } from '@jest/globals';
import {
  CURRENT_VERSION,
  compareVersions,
  isKnownVersion,
  KNOWN_VERSIONS,
  parseVersion,
  versionsStartingFrom,
} from './version.ts';

test('the known versions are in ascending order and end with the current one', () => {
  const sorted = [...KNOWN_VERSIONS].sort(compareVersions);
  expect(sorted).toEqual([...KNOWN_VERSIONS]);
  expect(KNOWN_VERSIONS.at(-1)).toBe(CURRENT_VERSION);
});

describe('parseVersion', () => {
  test.each([
    { text: '1.2.3', numbers: [1, 2, 3] },
    { text: '0.4', numbers: [0, 4, 0] },
    { text: '1', numbers: [1, 0, 0] },
    { text: '', numbers: [0, 1, 0] },
    { text: '0.10.0', numbers: [0, 10, 0] },
  ])('reads "$text"', ({ text, numbers }) => {
    expect(parseVersion(text)).toEqual(numbers);
  });

  const refused = [
    'v1.0.0',
    '1.0.0-rc1',
    '1..0',
    '1.0.0.0',
    '.1',
    '1.',
    ' 1.0.0',
    '1.0.0\n',
    '+1.0.0',
  ];
  test.each([...refused, 'latest', '1.-2.0', '1,0', '１.0.0'])(
    'refuses "%s" with code 6',
    (text) => {
      expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 6 }));
    },
  );
});

test.each([
  { a: '0.10.0', b: '0.9.0', order: 1 },
  { a: '0.4', b: '0.4.0', order: 0 },
  { a: '', b: '0.1.0', order: 0 },
  { a: '0.3.0', b: '0.3.1', order: -1 },
  { a: '2', b: '1.99.99', order: 1 },
])('"$a" compared to "$b" is $order', ({ a, b, order }) => {
  expect(compareVersions(a, b)).toBe(order);
  expect(compareVersions(b, a)).toBe(order === 0 ? 0 : -order);
});

test.each(['1.0', '0.5.0', '0.9.0', '1.0.1', '', 'latest'])(
  '"%s" is not a known version',
  (text) => {
    expect(isKnownVersion(text)).toBe(false);
  },
);

test('versionsStartingFrom gives the rest of the list', () => {
  expect(versionsStartingFrom('0.4.0')).toEqual(['0.4.0', '1.0.0', '1.1.0']);
  expect(versionsStartingFrom('1.2')).toEqual([]);
});
