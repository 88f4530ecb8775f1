import { describe, expect, test } from '@jest/globals';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

// RFC 7386, appendix A
test.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('mergePatch of %j by %j is %j', (target, patch, expected) => {
  expect(mergePatch(target, patch)).toEqual(expected);
});

describe('jsonPatch', () => {
  // RFC 6902, appendix A
  test.each([
    [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
    [
      { foo: ['bar', 'baz'] },
      [{ op: 'add', path: '/foo/1', value: 'qux' }],
      { foo: ['bar', 'qux', 'baz'] },
    ],
    [{ baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
    [{ foo: ['a', 'b', 'c'] }, [{ op: 'remove', path: '/foo/1' }], { foo: ['a', 'c'] }],
    [{ baz: 'qux' }, [{ op: 'replace', path: '/baz', value: 'boo' }], { baz: 'boo' }],
    [{ foo: ['a', 'b'] }, [{ op: 'replace', path: '/foo/0', value: 'c' }], { foo: ['c', 'b'] }],
    [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
    [{ a: 1 }, [{ op: 'copy', from: '/a', path: '/b' }], { a: 1, b: 1 }],
    [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: 1 }], { foo: ['bar', 1] }],
    [{ 'a/b': 1, 'm~n': 2 }, [{ op: 'remove', path: '/a~1b' }], { 'm~n': 2 }],
  ])('of %j by %j is %j', (target, operations, expected) => {
    expect(jsonPatch(target, operations)).toEqual(expected);
  });

  test.each([
    [[{ op: 'remove', path: '/missing' }], 'missing path: /missing'],
    [[{ op: 'replace', path: '/missing', value: 1 }], 'missing path: /missing'],
    [[{ op: 'add', path: '/a/b/c', value: 1 }], 'missing path: /a/b/c'],
    [[{ op: 'test', path: '/a', value: 2 }], 'testing value /a failed'],
    [[{ op: 'frobnicate', path: '/a' }], 'unexpected kind of operation: frobnicate'],
  ])('by %j is refused', (operations, message) => {
    expect(() => jsonPatch({ a: 1 }, operations)).toThrow(message);
  });
});

test.each([
  {
    name: 'taints are replaced as a whole',
    target: { spec: { taints: [{ key: 'a' }, { key: 'b' }] } },
    patch: { spec: { taints: [{ key: 'b' }] } },
    expected: { spec: { taints: [{ key: 'b' }] } },
  },
  {
    name: 'conditions merge by their type',
    target: { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'x' }] } },
    patch: { status: { conditions: [{ type: 'Ready', status: 'False' }, { type: 'New' }] } },
    expected: {
      status: { conditions: [{ type: 'Ready', status: 'False', reason: 'x' }, { type: 'New' }] },
    },
  },
  {
    name: 'an item is deleted by its key',
    target: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } },
    patch: { spec: { containers: [{ $patch: 'delete', name: 'a' }] } },
    expected: { spec: { containers: [{ name: 'b' }] } },
  },
  {
    name: 'the template of a workload merges as a pod',
    target: {
      spec: { template: { spec: { initContainers: [{ name: 'a', env: [{ name: 'A' }] }] } } },
    },
    patch: {
      spec: { template: { spec: { initContainers: [{ name: 'a', env: [{ name: 'B' }] }] } } },
    },
    expected: {
      spec: {
        template: {
          spec: { initContainers: [{ name: 'a', env: [{ name: 'A' }, { name: 'B' }] }] },
        },
      },
    },
  },
  {
    name: '$setElementOrder changes nothing',
    target: { spec: { containers: [{ name: 'a', image: '1' }] } },
    patch: {
      spec: {
        '$setElementOrder/containers': [{ name: 'a' }],
        containers: [{ name: 'a', image: '2' }],
      },
    },
    expected: { spec: { containers: [{ name: 'a', image: '2' }] } },
  },
  {
    name: 'finalizers are added to and taken from',
    target: { metadata: { finalizers: ['a', 'b'] } },
    patch: { metadata: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'] } },
    expected: { metadata: { finalizers: ['b', 'c'] } },
  },
  {
    name: 'an object is replaced if the patch says so',
    target: { metadata: { labels: { a: '1', b: '2' } } },
    patch: { metadata: { labels: { $patch: 'replace', c: '3' } } },
    expected: { metadata: { labels: { c: '3' } } },
  },
])('strategicMergePatch: $name', ({ target, patch, expected }) => {
  expect(strategicMergePatch(target, patch)).toEqual(expected);
});
