import { describe, expect, test } from '@jest/globals';
import { formatArgs, parseArgs } from './cni-args.ts';

const schema = { K8S_POD_NAME: 'string', DEBUG: 'bool', IP: 'ip' } as const;

describe('parseArgs reads', () => {
  test.each([
    { name: 'nothing', text: '', values: {} },
    { name: 'texts', text: 'K8S_POD_NAME=cart', values: { K8S_POD_NAME: 'cart' } },
    { name: 'an empty text', text: 'K8S_POD_NAME=', values: { K8S_POD_NAME: '' } },
    { name: 'untrimmed texts', text: 'K8S_POD_NAME= a ', values: { K8S_POD_NAME: ' a ' } },
    {
      name: 'the last duplicate',
      text: 'K8S_POD_NAME=a;K8S_POD_NAME=b',
      values: { K8S_POD_NAME: 'b' },
    },
    { name: 'booleans', text: 'DEBUG=tRuE', values: { DEBUG: true } },
    { name: 'numbers as booleans', text: 'DEBUG=1;DEBUG=0', values: { DEBUG: false } },
    { name: 'addresses in canonical text', text: 'IP=2001:DB8::0', values: { IP: '2001:db8::' } },
    { name: 'an empty address as none', text: 'IP=192.0.2.1;IP=', values: {} },
    { name: 'past unknown keys when told so first', text: 'IgnoreUnknown=1;X=y', values: {} },
    { name: 'past unknown keys when told so last', text: 'X=y;IgnoreUnknown=true', values: {} },
    { name: 'any order', text: 'X=;IgnoreUnknown=1;DEBUG=1', values: { DEBUG: true } },
  ])('$name', ({ text, values }) => {
    expect(parseArgs(text, schema)).toEqual(values);
  });
});

describe('parseArgs refuses with code 4', () => {
  test.each([
    { name: 'a trailing semicolon', text: 'DEBUG=1;' },
    { name: 'an empty piece', text: 'DEBUG=1;;DEBUG=1' },
    { name: 'a flag', text: 'DEBUG' },
    { name: 'a value with =', text: 'K8S_POD_NAME=YQ==' },
    { name: 'a key in other letters', text: 'debug=1' },
    { name: 'a key with a blank', text: ' DEBUG=1' },
    { name: 'an unknown key', text: 'X=y' },
    { name: 'an unknown key when told to', text: 'X=y;IgnoreUnknown=1;IgnoreUnknown=0' },
    { name: 'another spelling of IgnoreUnknown', text: 'X=y;ignoreunknown=1' },
    { name: 'an empty boolean', text: 'DEBUG=' },
    { name: 'a boolean that is neither', text: 'DEBUG=yes' },
    { name: 'an IgnoreUnknown that is neither', text: 'IgnoreUnknown=2' },
    { name: 'a malformed address', text: 'IP=192.0.2.01' },
    { name: 'a name that every object has', text: 'constructor=1' },
  ])('$name', ({ text }) => {
    expect(() => parseArgs(text, schema)).toThrow(expect.objectContaining({ code: 4 }));
  });

  test('and names every unknown pair', () => {
    const details = expect.stringMatching(/"A=1", "B="/);
    expect(() => parseArgs('A=1;DEBUG=1;B=', schema)).toThrow(expect.objectContaining({ details }));
  });
});

describe('formatArgs', () => {
  test('writes pairs in their order', () => {
    const pairs = [['IgnoreUnknown', '1'] as const, ['K8S_POD_NAME', ''] as const];
    expect(formatArgs(pairs)).toBe('IgnoreUnknown=1;K8S_POD_NAME=');
    expect(formatArgs([])).toBe('');
  });

  test.each([
    ['', 'x'],
    ['a;b', 'x'],
    ['a', 'b;c=d'],
    ['a', 'YQ=='],
    ['a', 'b\0'],
  ])('refuses the pair %j, %j with code 4', (key, value) => {
    expect(() => formatArgs([[key, value]])).toThrow(expect.objectContaining({ code: 4 }));
  });
});
