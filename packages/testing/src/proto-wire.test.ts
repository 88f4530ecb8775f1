import { expect, test } from '@jest/globals';
import { decodeFields, encodeFields } from './proto-wire.ts';

// The examples of https://protobuf.dev/programming-guides/encoding/
test.each([
  { name: 'an integer', fields: [[1, 150]] as const, hex: '089601' },
  { name: 'a text', fields: [[2, 'testing']] as const, hex: '120774657374696e67' },
  { name: 'a message', fields: [[3, Buffer.from('089601', 'hex')]] as const, hex: '1a03089601' },
  { name: 'nothing', fields: [], hex: '' },
])('$name is written as documented', ({ fields, hex }) => {
  expect(Buffer.from(encodeFields(fields)).toString('hex')).toBe(hex);
});

test('fields are read whatever their order and kind', () => {
  const bytes = encodeFields([
    [2, 'a'],
    [16, 2 ** 40],
    [2, 'b'],
  ]);
  const fixed = Buffer.from('0d01020304' + '190102030405060708', 'hex');
  const fields = decodeFields(Buffer.concat([bytes, fixed]));
  expect(fields.get(2)?.map((value) => Buffer.from(value as Uint8Array).toString())).toEqual([
    'a',
    'b',
  ]);
  expect(fields.get(16)).toEqual([BigInt(2 ** 40)]);
  expect([...fields.keys()]).toEqual([2, 16, 1, 3]);
});

test('groups, which nobody uses, are refused', () => {
  expect(() => decodeFields(Uint8Array.of(0x0b))).toThrow(/wire type 3 of field 1/);
});
