import { describe, expect, test } from '@jest/globals';
import { CniError, isCniError } from './cni-error.ts';
import { decodeCniError, encodeCniError } from './cni-error-codec.ts';
import { cniErrorOf } from './cni-error-of.ts';

describe('CniError', () => {
  test('says code, message and details in one line', () => {
    expect(new CniError(102, 'no free address', 'subnet-7 is full').message).toBe(
      '[102] no free address; subnet-7 is full',
    );
    expect(new CniError(11, 'starting').message).toBe('[11] starting');
  });

  test.each([-1, 1.5, Number.NaN, 2 ** 60])('cannot have the code %p', (code) => {
    expect(() => new CniError(code, 'x')).toThrow(TypeError);
  });

  test('is recognised when it comes from another copy of the package', () => {
    const foreign = { [Symbol.for('@vpc-cni/cni-spec/error')]: true };
    expect([new CniError(1, 'x'), foreign, new Error('x'), null, 'x'].map(isCniError)).toEqual([
      ...[true, true, false, false, false],
    ]);
  });
});

describe('cniErrorOf', () => {
  const own = new CniError(11, 'later');
  test.each([
    { name: 'itself', caught: own },
    {
      name: 'one wrapped twice',
      caught: new Error('a', { cause: new Error('b', { cause: own }) }),
    },
  ])('finds $name', ({ caught }) => {
    expect(cniErrorOf(caught)).toBe(own);
  });

  const circular = new Error('around');
  circular.cause = circular;
  test.each([
    { name: 'an error', caught: new Error('broken'), msg: 'broken' },
    { name: 'an error that causes itself', caught: circular, msg: 'around' },
    { name: 'a text', caught: 'broken', msg: 'broken' },
    { name: 'undefined', caught: undefined, msg: 'undefined' },
    { name: 'an object without prototype', caught: Object.create(null), msg: 'an object' },
    { name: 'a symbol', caught: Symbol('x'), msg: 'Symbol(x)' },
  ])('makes code 999 of $name', ({ caught, msg }) => {
    const { code, msg: text, cause } = cniErrorOf(caught);
    expect({ code, text }).toEqual({ code: 999, text: msg });
    expect(cause).toBe(caught);
  });
});

describe('the error object', () => {
  test('is indented by four spaces, with the version in front', () => {
    expect(encodeCniError(new CniError(102, 'a', 'b'), '1.0.0')).toBe(
      '{\n    "cniVersion": "1.0.0",\n    "code": 102,\n    "msg": "a",\n    "details": "b"\n}',
    );
  });

  test('has neither version nor details when there are none', () => {
    expect(JSON.parse(encodeCniError(new CniError(4, 'a')))).toEqual({ code: 4, msg: 'a' });
  });

  test.each([
    {
      text: '{"code":11,"msg":"a","details":"b","cniVersion":7}',
      code: 11,
      msg: 'a',
      details: 'b',
    },
    { text: '{"code":0}', code: 0, msg: '', details: undefined },
    { text: '{}', code: 0, msg: '', details: undefined },
  ])('is read from $text', ({ text, ...expected }) => {
    const { code, msg, details } = decodeCniError(text);
    expect({ code, msg, details }).toEqual(expected);
  });

  const refused = [
    '',
    '[]',
    '{"code":-1}',
    '{"code":1.5}',
    '{"code":"4"}',
    '{"code":4,"msg":4}',
    '{} {}',
    'panic: x',
  ];
  test.each(refused)('is not read from %s', (text) => {
    expect(() => decodeCniError(text)).toThrow(expect.objectContaining({ code: 6 }));
  });
});
