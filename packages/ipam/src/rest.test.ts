import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook } from './address-book.ts';
import {
  address,
  COOLDOWN_MS,
  FIRST_ENI,
  fill,
  key,
  REST_MS,
  reserved,
  START_MS,
} from './book-fixture.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';

const newBook = (count: number, restMs?: number) => {
  const book = new AddressBook({
    addressCooldownMs: COOLDOWN_MS,
    ...(restMs === undefined ? {} : { restMs }),
  });
  fill(book, count);
  return book;
};

/** The next process: it knows its addresses from EC2, and the rest from the checkpoint. */
const restarted = (book: AddressBook, count: number, nowMs: number) => {
  const next = newBook(count);
  next.restore(decodeCheckpoint(encodeCheckpoint(book.toCheckpoint())), nowMs);
  return next;
};

describe('the rest of an address', () => {
  test.each([
    { name: 'is as long as the pool allows', count: 3, afterMs: REST_MS - 1, takes: 'another' },
    {
      name: 'shrinks to the cool-down under pressure',
      count: 1,
      afterMs: COOLDOWN_MS,
      takes: 'it',
    },
    { name: 'is never shorter', count: 1, afterMs: COOLDOWN_MS - 1, takes: 'nothing' },
  ])('$name', ({ count, afterMs, takes }) => {
    const book = newBook(count);
    const first = reserved(book, 'p');
    book.release(key('p'), START_MS);
    const next = reserved(book, 'q', START_MS + afterMs);
    expect(next === first ? 'it' : next === 'exhausted' ? 'nothing' : 'another').toBe(takes);
  });

  test('goes on through a restart', () => {
    const book = newBook(2);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    book.addPrefix(FIRST_ENI, '10.0.0.32/28');
    for (const pod of ['a', 'b']) reserved(book, pod); // .11, and .32 of the prefix
    book.release(key('b'), START_MS);
    const later = START_MS + REST_MS - 1;
    const next = restarted(book, 2, later);
    next.addPrefix(FIRST_ENI, '10.0.0.32/28');
    expect(reserved(next, 'x', later)).toBe('10.0.0.33');
  });

  test('is told with the reservation, so that a short one can be counted', () => {
    const book = newBook(1);
    const heard: unknown[] = [];
    book.subscribe((event) => {
      if (event.kind === 'reserved') heard.push(event.idleMs);
    });
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    reserved(book, 'q', START_MS + 31_000);
    expect(heard).toEqual([undefined, 31_000]);
  });

  test('is remembered across a restart even when it is longer than usual', () => {
    const book = newBook(1, 900_000);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    book.statistics(START_MS + 900_000);
    expect(book.toCheckpoint().recentReleases).toHaveLength(1);
    book.statistics(START_MS + 900_001);
    expect(book.toCheckpoint().recentReleases).toEqual([]);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('cannot be %d ms', (restMs) => {
    expect(() => newBook(1, restMs)).toThrow(TypeError);
  });

  test('under any churn: whoever gets an address early gets the longest idle one', () => {
    const SIZE = 6;
    const step = fc.record({
      pod: fc.nat({ max: SIZE }),
      passMs: fc.integer({ min: 0, max: 40_000 }),
      isRestart: fc.constantFrom(false, false, false, true),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (churn) => {
        let book = newBook(SIZE);
        let nowMs = START_MS;
        const releasedAtMs = new Map<string, number>();
        for (const { pod, passMs, isRestart } of churn) {
          nowMs += passMs;
          if (isRestart) book = restarted(book, SIZE, nowMs);
          const name = `pod-${pod}`;
          const released = book.release(key(name), nowMs);
          if (released !== undefined) {
            releasedAtMs.set(released.address, nowMs);
            continue;
          }
          const idleMs = (one: string) =>
            nowMs - (releasedAtMs.get(one) ?? Number.NEGATIVE_INFINITY);
          const held = new Set<string>(book.reservations().map((one) => one.address));
          const idle = Array.from({ length: SIZE }, (_, n) => address(0, 10 + n)).filter(
            (one) => !held.has(one),
          );
          const taken = reserved(book, name, nowMs);
          const longestMs = Math.max(...idle.map(idleMs));
          if (longestMs < COOLDOWN_MS) expect(taken).toBe('exhausted');
          // What is older than the memory of a restart counts as never used.
          else expect(Math.min(idleMs(taken), 300_000)).toBe(Math.min(longestMs, 300_000));
        }
      }),
    );
  });
});
