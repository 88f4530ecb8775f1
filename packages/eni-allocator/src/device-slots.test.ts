import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSlotBook, freeDeviceNumber } from './device-slots.ts';
import type { DeviceSlot } from './ports.ts';

const on = (networkCardIndex: number, ...deviceNumbers: readonly number[]): DeviceSlot[] =>
  deviceNumbers.map((deviceNumber) => ({ networkCardIndex, deviceNumber }));

describe('freeDeviceNumber', () => {
  const cases = [
    { name: 'takes 0 of an empty card', used: [], card: 1, number: 0 },
    { name: 'fills a gap', used: on(0, 0, 3), card: 0, number: 1 }, // reference: "{0,3} used ⇒ 1"
    { name: 'goes on behind the last', used: on(0, 0, 1, 2), card: 0, number: 3 },
    { name: 'counts per card', used: [...on(0, 0, 1, 2), ...on(1, 0)], card: 1, number: 1 },
    {
      name: 'has none beyond 99',
      used: on(0, ...Array.from({ length: 100 }, (_, n) => n)),
      card: 0,
      number: undefined,
    },
  ];

  test.each(cases)('$name', ({ used, card, number }) => {
    expect(freeDeviceNumber(used, card)).toBe(number);
  });
});

describe('createSlotBook', () => {
  const limits = { maxEnis: 3, addressesPerEni: 10 };
  const cards = [
    { networkCardIndex: 0, maxEnis: 3 },
    { networkCardIndex: 2, maxEnis: 1 },
  ];
  const twoCards = { ...limits, networkCards: cards };

  test('never reserves a slot twice', () => {
    const slots = fc.array(fc.record({ networkCardIndex: fc.nat(2), deviceNumber: fc.nat(5) }));
    fc.assert(
      fc.property(slots, fc.array(fc.nat(2)), (used, wanted) => {
        const book = createSlotBook('i-1', () => undefined);
        const reserved = wanted.map((card) => JSON.stringify(book.reserve(used, card)));
        const distinctUsed = new Set(used.map((slot) => JSON.stringify(slot)));
        expect(new Set([...reserved, ...distinctUsed]).size).toBe(
          reserved.length + distinctUsed.size,
        );
      }),
    );
  });

  const refusals = [
    { name: 'a full card', limits, used: on(0, 0, 1, 2), card: 0, code: 'eni-limit-reached' },
    { name: 'a card that is not there', limits, used: [], card: 1, code: 'invalid-request' },
    { name: 'a gap in the cards', limits: twoCards, used: [], card: 1, code: 'invalid-request' },
    {
      name: 'the limit of a card',
      limits: twoCards,
      used: on(2, 0),
      card: 2,
      code: 'eni-limit-reached',
    },
  ];

  test.each(refusals)('refuses $name', ({ limits, used, card, code }) => {
    const book = createSlotBook('i-1', () => limits);
    expect(() => book.reserve(used, card)).toThrow(expect.objectContaining({ code }));
  });

  test('counts what is on its way, and what arrived, beside what is known', () => {
    const book = createSlotBook('i-1', () => limits);
    const first = book.reserve(on(0, 0), 0);
    book.fill(first);
    expect(book.reserve(on(0, 0), 0)).toEqual({ networkCardIndex: 0, deviceNumber: 2 });
    expect(() => book.reserve(on(0, 0), 0)).toThrow('holds 3 ENIs already');
  });

  test('counts a slot once that is both known and its own', () => {
    const book = createSlotBook('i-1', () => limits);
    book.fill({ networkCardIndex: 0, deviceNumber: 1 });
    expect(book.reserve(on(0, 0, 1), 0).deviceNumber).toBe(2);
  });

  test('gives a released slot again', () => {
    const book = createSlotBook('i-1', () => limits);
    const slot = book.reserve(on(0, 0), 0);
    book.release(slot);
    expect(book.reserve(on(0, 0), 0)).toEqual(slot);
  });

  test('forgets what arrived when EC2 is asked, but not what is on its way', () => {
    const book = createSlotBook('i-1', () => limits);
    book.fill(book.reserve(on(0, 0), 0));
    book.reserve(on(0, 0), 0);
    book.forgetFilled();
    expect(book.reserve(on(0, 0), 0).deviceNumber).toBe(1);
  });
});
