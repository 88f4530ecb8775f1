import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isHostNetworkError } from '../host-network-error.ts';
import * as captured from './captured-bytes.ts';
import { answers, neighbour, payloads, requests, route, rule } from './codec-cases.fixture.ts';
import { decodeRuleMessage } from './rule-message.ts';

describe.each([...requests, ...answers])('$name', ({ bytes, codec, means }) => {
  const unknown = { type: 0x8000 | 0x3ff0, value: Buffer.from([1, 2, 3]) };

  test('is understood', () => {
    const [first = Buffer.alloc(0)] = payloads(bytes);
    expect(codec.decode(first, 'little')).toMatchObject(means);
  });

  test('keeps its meaning, and attributes nobody knows, through either byte order', () => {
    for (const payload of payloads(bytes)) {
      const message = codec.decode(payload, 'little');
      for (const order of ['little', 'big'] as const) {
        const again = codec.decode(codec.encodeAgain(payload, [unknown], order), order);
        const { otherAttributes, ...known } = message;
        expect(again).toEqual({ ...known, otherAttributes: [...otherAttributes, unknown] });
      }
    }
  });

  test('cut off anywhere is understood in part or refused, never misread', () => {
    const [first = Buffer.alloc(0)] = payloads(bytes);
    for (let length = 0; length < first.length; length += 1) {
      try {
        codec.decode(first.subarray(0, length), 'little');
      } catch (error) {
        expect(isHostNetworkError(error) && error.code).toBe('malformed-message');
      }
    }
  });
});

describe.each([...requests, ...answers])('whatever becomes of $name', ({ bytes, codec }) => {
  const [first = Buffer.alloc(0)] = payloads(bytes);
  const decodes = (damaged: Uint8Array) => {
    try {
      codec.decode(damaged, 'little');
      return true;
    } catch (error) {
      return isHostNetworkError(error) && error.code === 'malformed-message';
    }
  };

  test('on its way, it is decoded or refused by name', () => {
    const changes = fc.array(fc.tuple(fc.nat(first.length - 1), fc.nat(0xff)), { maxLength: 8 });
    fc.assert(
      fc.property(changes, (list) => {
        const damaged = Buffer.from(first);
        for (const [at, value] of list) damaged[at] = value;
        return decodes(damaged);
      }),
    );
  });

  test('bytes from nowhere in its place are, too', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), decodes));
  });
});

describe.each(
  requests.filter(({ codec }) => codec === rule || codec === route || codec === neighbour),
)('a request for $name', ({ bytes, codec }) => {
  test('is encoded with the same attributes as by iproute2', () => {
    const [payload = Buffer.alloc(0)] = payloads(bytes);
    // Attributes may come in any order, so the sorted words are compared.
    const words = (buffer: Uint8Array) =>
      Array.from({ length: buffer.length / 4 }, (_, index) =>
        Buffer.from(buffer.subarray(index * 4, index * 4 + 4)).toString('hex'),
      ).sort();
    const ours = Buffer.from(codec.encodeAgain(payload, [], 'little'));
    // iproute2 leaves rtm_table 0 where the kernel answers 252; both mean "see the attribute".
    if (ours[4] === 252) ours[4] = 0;
    expect(words(ours)).toEqual(words(payload));
  });
});

test.each([
  { name: 'an attribute shorter than its own header', tail: [3, 0, 1, 0] },
  { name: 'an attribute longer than the message', tail: [9, 0, 1, 0, 1, 2, 3, 4] },
  { name: 'a number of two bytes', tail: [6, 0, 6, 0, 1, 2, 0, 0] },
])('$name is refused', ({ tail }) => {
  const [header = Buffer.alloc(0)] = payloads(captured.addRuleTo);
  const bytes = Buffer.concat([header.subarray(0, 12), Buffer.from(tail)]);
  expect(() => decodeRuleMessage(bytes, 'little')).toThrow(
    expect.objectContaining({ code: 'malformed-message' }),
  );
});
