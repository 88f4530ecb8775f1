import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { select } from './filters.ts';

interface Item {
  readonly id: string;
  readonly note: string;
  readonly tags: Map<string, string>;
}

const items: readonly Item[] = [
  { id: 'c', note: 'aws-K8S-i-1', tags: new Map([['team', 'net']]) },
  { id: 'a', note: 'aws-K8S-i-2', tags: new Map([['team', 'web']]) },
  { id: 'b', note: 'a*b', tags: new Map() },
];

const from = (source: readonly Item[]) => ({
  items: source,
  idOf: (item: Item) => item.id,
  tagsOf: (item: Item) => item.tags,
  fields: { note: (item: Item) => item.note },
});

describe('select', () => {
  const cases = [
    { name: 'everything, by id', filters: [], ids: ['a', 'b', 'c'] },
    { name: 'an exact value', filters: [{ Name: 'note', Values: ['aws-K8S-i-1'] }], ids: ['c'] },
    {
      name: 'any of the values',
      filters: [{ Name: 'tag:team', Values: ['net', 'web'] }],
      ids: ['a', 'c'],
    },
    {
      name: 'all of the filters',
      filters: [
        { Name: 'note', Values: ['aws*'] },
        { Name: 'tag:team', Values: ['w?b'] },
      ],
      ids: ['a'],
    },
    { name: 'a tag key', filters: [{ Name: 'tag-key', Values: ['te*'] }], ids: ['a', 'c'] },
    { name: 'an escaped wildcard', filters: [{ Name: 'note', Values: ['a\\*b'] }], ids: ['b'] },
    { name: 'no regular expression', filters: [{ Name: 'note', Values: ['a.b'] }], ids: [] },
    { name: 'a tag that is absent', filters: [{ Name: 'tag:none', Values: ['*'] }], ids: [] },
  ];
  test.each(cases)('finds $name', ({ filters, ids }) => {
    expect(select({ ...from(items), filters }).items.map(({ id }) => id)).toEqual(ids);
  });

  const wrong = [
    {
      name: 'an unknown filter',
      change: { filters: [{ Name: 'constructor', Values: ['x'] }] },
      code: 'InvalidParameterValue',
    },
    {
      name: 'a filter without values',
      change: { filters: [{ Name: 'note' }] },
      code: 'MissingParameter',
    },
    { name: 'a page of 4', change: { maxResults: 4 }, code: 'InvalidParameterValue' },
    { name: 'a page of 1001', change: { maxResults: 1001 }, code: 'InvalidParameterValue' },
    { name: 'a made-up token', change: { nextToken: 'abc' }, code: 'InvalidPaginationToken' },
  ];
  test.each(wrong)('refuses $name with $code', ({ change, code }) => {
    expect(() => select({ ...from(items), ...change })).toThrow(expect.objectContaining({ code }));
  });

  test('pages show everything once, in order, whatever the page size', () => {
    const sizes = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 5, max: 20 }));
    fc.assert(
      fc.property(sizes, ([total, maxResults]) => {
        const many = Array.from({ length: total }, (_, i) => ({
          id: String(i).padStart(3, '0'),
          note: '',
          tags: new Map(),
        }));
        const seen: string[] = [];
        let nextToken: string | undefined;
        do {
          const page = select({ ...from(many), maxResults, nextToken });
          seen.push(...page.items.map(({ id }) => id));
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
        expect(seen).toEqual(many.map(({ id }) => id));
      }),
    );
  });
});
