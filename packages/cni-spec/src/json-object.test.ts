import { describe, expect, test } from '@jest/globals';
import { CniError } from './cni-error.ts';
import { parseJsonObject, within } from './json-object.ts';

describe('parseJsonObject', () => {
  const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;

  test('reads up to 1000 levels of nesting and 1 MiB', () => {
    expect(() => parseJsonObject(nested(1000), 'it')).not.toThrow();
    const padding = ' '.repeat(1024 * 1024 - 2);
    expect(parseJsonObject(`{}${padding}`, 'it')).toEqual({});
  });

  test('does not count brackets in texts', () => {
    const object = { a: '['.repeat(2000), b: '"\\'.repeat(2000), c: '{' };
    expect(parseJsonObject(JSON.stringify(object), 'it')).toEqual(object);
  });

  test('counts brackets side by side once', () => {
    expect(() => parseJsonObject(`{"a":[${'[],'.repeat(2000)}[]]}`, 'it')).not.toThrow();
  });

  test.each([
    { name: '1001 levels', text: nested(1001), message: /at most 1000 levels/ },
    { name: 'half a million levels', text: nested(500_000), message: /at most 1000 levels/ },
    { name: 'half a million unclosed levels', text: '['.repeat(500_000), message: /not JSON/ },
    { name: 'texts that never end', text: '"\\'.repeat(500_000), message: /not JSON/ },
    {
      name: 'more than 1 MiB',
      text: `{}${' '.repeat(1024 * 1024)}`,
      message: /at most 1048576 characters, got 1048578/,
    },
  ])('refuses $name, saying so, at once', ({ text, message }) => {
    expect(() => parseJsonObject(text, 'it')).toThrow(
      expect.objectContaining({
        code: 6,
        msg: 'malformed it',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('within', () => {
  test('says where in front of what', () => {
    const read = () => {
      throw new CniError(7, 'invalid type', 'it is empty');
    };
    expect(() => within('plugins[1]', read)).toThrow(
      '[7] invalid type; in plugins[1]: it is empty',
    );
  });

  test('leaves other errors alone', () => {
    const mistake = new TypeError('mistake');
    const read = () => {
      throw mistake;
    };
    expect(() => within('plugins[1]', read)).toThrow(mistake);
  });
});
