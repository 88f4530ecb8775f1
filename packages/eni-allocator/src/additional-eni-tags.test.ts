import { describe, expect, test } from '@jest/globals';
import { parseAdditionalEniTags } from './additional-eni-tags.ts';

const notTags = [{ reason: 'expected a JSON object of strings, such as {"team": "network"}' }];
const long = (length: number) => 'x'.repeat(length);
const text = (tags: Readonly<Record<string, unknown>>) => JSON.stringify(tags);

describe('parseAdditionalEniTags', () => {
  const taken = [
    { name: 'nothing', text: '', tags: {} },
    { name: 'an empty object', text: '{}', tags: {} },
    { name: 'keys and values', text: text({ a: '1', b: '' }), tags: { a: '1', b: '' } },
    {
      name: 'keys that override our own',
      text: text({ 'eks:eni:owner': 'me' }),
      tags: { 'eks:eni:owner': 'me' },
    },
    {
      name: 'the longest EC2 takes, counted in characters',
      text: text({ ['😀'.repeat(128)]: '😀'.repeat(256) }),
      tags: { ['😀'.repeat(128)]: '😀'.repeat(256) },
    },
  ];

  test.each(taken)('takes $name', ({ text, tags }) => {
    expect(parseAdditionalEniTags(text)).toEqual({ tags, refusals: [] });
  });

  test.each(['{', '[]', '"a"', 'null', '7', text({ a: '1', b: 2 }), text({ a: null })])(
    'takes nothing of %s',
    (text) => {
      expect(parseAdditionalEniTags(text)).toEqual({ tags: {}, refusals: notTags });
    },
  );

  const refused = [
    { key: 'node.k8s.amazonaws.com/x', value: '1', reason: 'are reserved' },
    { key: 'my-k8s.amazonaws.com', value: '1', reason: 'are reserved' },
    { key: 'AWS:x', value: '1', reason: 'reserved by AWS' },
    { key: '', value: '1', reason: 'a key of 1 to 128 characters, received 0' },
    { key: long(129), value: '1', reason: 'a key of 1 to 128 characters, received 129' },
    { key: 'long', value: long(257), reason: 'at most 256 characters, received 257' },
  ];

  test.each(refused)('refuses $key alone, as $reason', ({ key, value, reason }) => {
    expect(parseAdditionalEniTags(text({ [key]: value, good: '1' }))).toEqual({
      tags: { good: '1' },
      refusals: [{ key, reason: expect.stringContaining(reason) }],
    });
  });

  test('refuses more than EC2 has room for beside our own', () => {
    const many = Object.fromEntries(Array.from({ length: 48 }, (_, n) => [`key${n}`, '']));
    const { tags, refusals } = parseAdditionalEniTags(text(many));
    expect(Object.keys(tags)).toHaveLength(46);
    expect(refusals.map(({ key }) => key)).toEqual(['key46', 'key47']);
  });
});
