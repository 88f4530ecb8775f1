import { expect, test } from '@jest/globals';
import { decodeVersionInfo } from './version-info.ts';

test.each([
  {
    name: 'what it lists, in its order',
    text: '{"cniVersion":"1.0.0","supportedVersions":["1.0.0","any text"]}',
    expected: { cniVersion: '1.0.0', supportedVersions: ['1.0.0', 'any text'] },
  },
  {
    name: 'the first two versions when it is 0.2.0 and lists none',
    text: '{"cniVersion":"0.2.0"}',
    expected: { cniVersion: '0.2.0', supportedVersions: ['0.1.0', '0.2.0'] },
  },
])('a plugin supports $name', ({ text, expected }) => {
  expect(decodeVersionInfo(text)).toEqual(expected);
});

test.each([
  ...['', '{}', '[]', '{"supportedVersions":["1.0.0"]}', '{"cniVersion":"1.0.0"}'],
  ...['{"cniVersion":"","supportedVersions":["1.0.0"]}', '{"cniVersion":"1.0.0"} x'],
  ...['{"cniVersion":"1.0.0","supportedVersions":"1.0.0"}', '{"cniVersion":"0.3.0"}'],
])('%s is no answer to VERSION', (text) => {
  expect(() => decodeVersionInfo(text)).toThrow(expect.objectContaining({ code: 6 }));
});
