import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import { COOLDOWN_MS, eni, key, START_MS } from './book-fixture.ts';
import { mergeCheckpoints } from './checkpoint.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';

/** ENI 0 on card 0, ENI 1 on card 1, two addresses each. */
const newBook = () => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  for (const number of [0, 1]) {
    book.addEni(eni(number, number));
    book.addAddress(`eni-${number}`, `10.0.${number}.10`);
    book.addAddress(`eni-${number}`, `10.0.${number}.11`);
  }
  return book;
};

const reserveOn = (book: AddressBook, pod: string, networkCardIndex?: number) => {
  const choice = networkCardIndex === undefined ? {} : { networkCardIndex };
  const outcome = book.reserve(key(pod), {}, START_MS, choice);
  return outcome.kind === 'reserved' ? outcome.reservation.address : outcome.kind;
};

const bookWithPodOnBoth = () => {
  const book = newBook();
  for (const card of [1, 0]) reserveOn(book, 'p', card);
  return book;
};

describe('network cards', () => {
  test('are pools of their own, card 0 unless another is named', () => {
    const book = newBook();
    expect(['p', 'q', 'r'].map((pod) => reserveOn(book, pod))).toEqual([
      '10.0.0.10',
      '10.0.0.11',
      'exhausted',
    ]);
    expect(reserveOn(book, 'r', 1)).toBe('10.0.1.10');
    expect(reserveOn(book, 'r', 7)).toBe('exhausted');
  });

  test('are counted one by one and together', () => {
    const book = newBook();
    reserveOn(book, 'p', 1);
    const of = (networkCardIndex?: number) => {
      const choice = networkCardIndex === undefined ? {} : { networkCardIndex };
      const { totalCount, reservedCount } = book.statistics(START_MS, choice);
      return [totalCount, reservedCount];
    };
    expect([of(0), of(1), of(7), of()]).toEqual([
      [2, 0],
      [2, 1],
      [0, 0],
      [4, 1],
    ]);
  });

  test('each give a pod one address under the same key', () => {
    const book = bookWithPodOnBoth();
    expect(reserveOn(book, 'p', 1)).toBe('10.0.1.10');
    expect(book.find(key('p'))?.address).toBe('10.0.0.10');
    expect(book.find(key('p'), { networkCardIndex: 1 })?.address).toBe('10.0.1.10');
    expect(book.findAll(key('p')).map(({ networkCardIndex }) => networkCardIndex)).toEqual([0, 1]);
  });

  test('release one address when one card is meant, all at the end of the attachment', () => {
    const book = bookWithPodOnBoth();
    expect(book.release(key('p'), START_MS, { networkCardIndex: 1 })?.address).toBe('10.0.1.10');
    expect(book.release(key('p'), START_MS, { networkCardIndex: 1 })).toBeUndefined();
    reserveOn(book, 'p', 1);
    expect(book.releaseAll(key('p'), START_MS).map(({ address }) => address)).toEqual([
      '10.0.0.10',
      '10.0.1.11',
    ]);
    expect(book.releaseAll(key('p'), START_MS)).toEqual([]);
    expect(book.reservations()).toEqual([]);
  });

  test('say when an address of theirs is free, not of another card', () => {
    const book = newBook();
    for (const pod of ['p', 'q']) for (const card of [0, 1]) reserveOn(book, pod, card);
    book.release(key('p'), START_MS, { networkCardIndex: 1 });
    expect(book.reserve(key('x'), {}, START_MS)).toMatchObject({ retryAfterMs: undefined });
    expect(book.reserve(key('x'), {}, START_MS, { networkCardIndex: 1 })).toMatchObject({
      totalCount: 2,
      coolingCount: 1,
      retryAfterMs: COOLDOWN_MS,
    });
  });
});

describe('one address on each of several cards', () => {
  const reserveEach = (book: AddressBook, pod: string, cards: readonly number[]) => {
    const outcome = book.reserveEach(key(pod), {}, START_MS, cards);
    if (outcome.kind !== 'reserved') return outcome;
    return { ...outcome, reservations: outcome.reservations.map(({ address }) => address) };
  };

  test('is had at once, and again by the same attachment', () => {
    const book = newBook();
    const reservations = ['10.0.0.10', '10.0.1.10'];
    expect(reserveEach(book, 'p', [0, 1])).toEqual({ kind: 'reserved', reservations, isNew: true });
    expect(reserveEach(book, 'p', [0, 1])).toEqual({
      kind: 'reserved',
      reservations,
      isNew: false,
    });
    expect(book.reservations()).toHaveLength(2);
  });

  test('is added to what the attachment holds already', () => {
    const book = newBook();
    reserveOn(book, 'p', 1);
    expect(reserveEach(book, 'p', [0, 1])).toMatchObject({
      reservations: ['10.0.0.10', '10.0.1.10'],
      isNew: false,
    });
  });

  test('is none at all where one card has none, and nothing cools for that', () => {
    const book = newBook();
    for (const pod of ['q', 'r']) reserveOn(book, pod, 1);
    expect(reserveEach(book, 'p', [0, 1])).toMatchObject({
      kind: 'exhausted',
      networkCardIndex: 1,
      totalCount: 2,
    });
    expect(book.statistics(START_MS, { networkCardIndex: 0 })).toMatchObject({
      reservedCount: 0,
      coolingCount: 0,
    });
    expect(book.findAll(key('p'))).toEqual([]);
  });

  test('leaves nothing of a /80 listed where another card has none', () => {
    const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    for (const card of [0, 1]) book.addEni(eni(card, card));
    book.addPrefix('eni-0', '2001:db8:0:1:1::/80');
    expect(reserveEach(book, 'p', [0, 1])).toMatchObject({ kind: 'exhausted' });
    book.addPrefix('eni-1', '2001:db8:0:1:2::/80');
    expect(reserveEach(book, 'p', [0, 1])).toMatchObject({
      reservations: ['2001:db8:0:1:1::1', '2001:db8:0:1:2::'],
    });
  });

  test('is stranded where one of them is', () => {
    const book = newBook();
    reserveEach(book, 'p', [0, 1]);
    book.loseEni('eni-1');
    expect(reserveEach(book, 'p', [0, 1])).toMatchObject({
      kind: 'stranded',
      reservation: { address: '10.0.1.10' },
    });
  });
});

describe('checkpoint files of several cards', () => {
  test('have the reservations of one card each, and are one checkpoint together', () => {
    const book = bookWithPodOnBoth();
    reserveOn(book, 'q', 1);
    book.release(key('q'), START_MS, { networkCardIndex: 1 });
    const files = [0, 1].map((networkCardIndex) => ({
      networkCardIndex,
      text: encodeCheckpoint(book.toCheckpoint(), { networkCardIndex }),
    }));
    const parts = files.map(({ text, ...part }) => decodeCheckpoint(text, part));
    expect(parts.map(({ allocations }) => allocations.map(({ ipv4 }) => ipv4))).toEqual([
      ['10.0.0.10'],
      ['10.0.1.10'],
    ]);

    const next = newBook();
    next.restore(mergeCheckpoints(parts), START_MS);
    expect(next.findAll(key('p'))).toEqual(book.findAll(key('p')));
    expect(next.statistics(START_MS)).toMatchObject({ reservedCount: 2, coolingCount: 1 });
  });

  test('may differ in age: the later release counts, and a reservation more than any', () => {
    const release = (releasedAtMs: number) => ({ address: '10.0.1.10', releasedAtMs }) as const;
    const merged = mergeCheckpoints([
      { allocations: [], recentReleases: [release(START_MS)], intents: [] },
      {
        allocations: [],
        recentReleases: [release(START_MS + 5), release(START_MS - 5)],
        intents: [],
      },
    ]);
    expect(merged.recentReleases).toEqual([release(START_MS + 5)]);

    const { allocations } = bookWithPodOnBoth().toCheckpoint();
    const next = newBook();
    next.restore(
      mergeCheckpoints([merged, { allocations, recentReleases: [], intents: [] }]),
      START_MS,
    );
    expect(next.findAll(key('p'))).toHaveLength(2);
    expect(next.statistics(START_MS)).toMatchObject({ coolingCount: 0 });
  });

  test('keep a stranded reservation on its card', () => {
    const next = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    next.restore(bookWithPodOnBoth().toCheckpoint(), START_MS);
    expect(next.statistics(START_MS, { networkCardIndex: 1 }).strandedCount).toBe(1);
    expect(next.releaseAll(key('p'), START_MS).map(({ address }) => address)).toEqual([
      '10.0.0.10',
      '10.0.1.10',
    ]);
  });
});
