import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import {
  COOLDOWN_MS,
  codeOf,
  eni,
  FIRST_ENI,
  key,
  REST_MS,
  reserved,
  START_MS,
} from './book-fixture.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import { addressesOf, type Ipv4Prefix, prefixOf } from './ipv4-prefix.ts';

const FIRST: Ipv4Prefix = '10.0.0.16/28';
const SECOND: Ipv4Prefix = '10.0.0.32/28';
const SINGLE: Ipv4Address = '10.0.0.10';

/** ENI 0 with these blocks, ENI 1 with nothing. */
const bookWith = (...blocks: readonly (Ipv4Address | Ipv4Prefix)[]): AddressBook => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  for (const number of [0, 1]) book.addEni(eni(number));
  for (const block of blocks) {
    if (block.endsWith('/28')) book.addPrefix(FIRST_ENI, block as Ipv4Prefix);
    else book.addAddress(FIRST_ENI, block as Ipv4Address);
  }
  return book;
};

const pods = (count: number, label = 'pod') =>
  Array.from({ length: count }, (_, index) => `${label}-${index}`);

const reserveAll = (book: AddressBook, names: readonly string[], nowMs = START_MS) =>
  names.map((name) => reserved(book, name, nowMs));

const prefixCounts = (book: AddressBook, nowMs = START_MS) =>
  book.enis(nowMs)[0]?.prefixes.map((one) => [one.prefix, one.reservedCount, one.coolingCount]);

describe('a prefix', () => {
  test('brings sixteen addresses, given from the first on', () => {
    const book = bookWith(FIRST);
    expect(reserveAll(book, pods(17))).toEqual([...addressesOf(FIRST), 'exhausted']);
  });

  test('is shown with its counts, apart from the single addresses of the ENI', () => {
    const book = bookWith(FIRST, SINGLE);
    reserveAll(book, pods(3));
    book.release(key('pod-2'), START_MS);
    expect(book.enis(START_MS)[0]).toMatchObject({
      addresses: [{ address: SINGLE, state: 'reserved' }],
      totalCount: 1,
      prefixes: [
        { prefix: FIRST, freeCount: 14, reservedCount: 1, coolingCount: 1, isDraining: false },
      ],
    });
    expect(book.statistics(START_MS)).toMatchObject({
      totalCount: 17,
      coolingCount: 1,
      prefixCount: 1,
      unusedPrefixCount: 0,
    });
  });

  test('may be added and removed more than once', () => {
    const book = bookWith(FIRST, FIRST);
    expect(book.statistics(START_MS).totalCount).toBe(16);
    book.removePrefix(FIRST_ENI, FIRST);
    book.removePrefix(FIRST_ENI, FIRST);
    expect(book.statistics(START_MS)).toMatchObject({ totalCount: 0, prefixCount: 0 });
  });

  test('that comes back still has the cool-downs of its addresses', () => {
    const book = bookWith(FIRST);
    reserved(book, 'p');
    book.release(key('p'), START_MS);
    book.removePrefix(FIRST_ENI, FIRST);
    book.addPrefix('eni-1', FIRST);
    expect(book.statistics(START_MS)).toMatchObject({ coolingCount: 1, reservableNowCount: 15 });
  });
});

describe('which address is taken', () => {
  test('a prefix in use is filled before single addresses, those before an unused prefix', () => {
    const book = bookWith(SECOND, SINGLE, FIRST);
    expect(reserved(book, 'first')).toBe(SINGLE);
    expect(reserved(book, 'second')).toBe('10.0.0.32');
    book.addAddress(FIRST_ENI, '10.0.0.11');
    expect(new Set(reserveAll(book, pods(15)).map((one) => prefixOf(one as Ipv4Address)))).toEqual(
      new Set([SECOND]),
    );
    expect(reserved(book, 'third')).toBe('10.0.0.11');
    expect(reserved(book, 'fourth')).toBe('10.0.0.16');
  });

  test('of prefixes in use the fullest is filled, so that the other may become empty', () => {
    const book = bookWith(FIRST, SECOND);
    reserveAll(book, pods(18)); // 16 of the first, 2 of the second
    for (const pod of pods(10)) book.release(key(pod), START_MS); // 6 and 2
    const later = START_MS + REST_MS;
    expect(
      reserveAll(book, pods(10, 'late'), later).map((one) => prefixOf(one as Ipv4Address)),
    ).toEqual(Array.from({ length: 10 }, () => FIRST));
    expect(prefixCounts(book, later)).toEqual([
      [FIRST, 16, 0],
      [SECOND, 2, 0],
    ]);
  });

  test('within a prefix it is the longest idle one', () => {
    const book = bookWith(FIRST);
    reserveAll(book, pods(16));
    for (const [index, pod] of ['pod-7', 'pod-3', 'pod-9'].entries()) {
      book.release(key(pod), START_MS + index);
    }
    expect(reserveAll(book, ['x', 'y', 'z'], START_MS + 2 * REST_MS)).toEqual([
      '10.0.0.23',
      '10.0.0.19',
      '10.0.0.25',
    ]);
  });

  test('an unused prefix is opened rather than an address reused before it has rested', () => {
    const book = bookWith(FIRST, SECOND);
    reserveAll(book, pods(16));
    book.release(key('pod-0'), START_MS);
    expect(reserved(book, 'x', START_MS + REST_MS - 1)).toBe('10.0.0.32');
    expect(reserved(book, 'y', START_MS + REST_MS)).toBe('10.0.0.16');
  });
});

describe('draining', () => {
  test('takes a whole prefix out of reach, together with single addresses', () => {
    const book = bookWith(FIRST, SINGLE);
    book.drain(FIRST_ENI, [FIRST, SINGLE]);
    expect(reserved(book, 'p')).toBe('exhausted');
    expect(book.enis(START_MS)[0]?.prefixes).toMatchObject([{ isDraining: true, freeCount: 0 }]);
    book.undrain(FIRST_ENI, [FIRST]);
    expect(reserved(book, 'p')).toBe('10.0.0.16');
  });

  const cases: readonly {
    readonly name: string;
    readonly code: string;
    readonly doIt: (book: AddressBook) => void;
  }[] = [
    {
      name: 'a prefix in use, nor anything asked for with it',
      code: 'address-in-use',
      doIt: (book) => book.drain(FIRST_ENI, [SECOND, FIRST]),
    },
    {
      name: 'a prefix of which an address cools',
      code: 'address-not-free',
      doIt: (book) => {
        book.release(key('p'), START_MS);
        book.drain(FIRST_ENI, [SECOND, FIRST]);
      },
    },
    {
      name: 'one address of a prefix',
      code: 'address-unknown',
      doIt: (book) => book.drain(FIRST_ENI, ['10.0.0.40']),
    },
    {
      name: 'a prefix of another ENI',
      code: 'prefix-unknown',
      doIt: (book) => book.drain('eni-1', [SECOND]),
    },
  ];

  test.each(cases)('does not take $name', ({ code, doIt }) => {
    const book = bookWith(FIRST, SECOND);
    reserved(book, 'p'); // of the first
    expect(codeOf(() => doIt(book))).toBe(code);
    expect(book.statistics(START_MS).drainingCount).toBe(0);
  });
});

describe('what cannot be', () => {
  const cases: readonly {
    readonly name: string;
    readonly code: string;
    readonly doIt: (book: AddressBook) => void;
  }[] = [
    {
      name: 'a prefix of an unknown ENI',
      code: 'eni-unknown',
      doIt: (book) => book.addPrefix('eni-9', SECOND),
    },
    {
      name: 'a prefix on two ENIs',
      code: 'address-elsewhere',
      doIt: (book) => book.addPrefix('eni-1', FIRST),
    },
    {
      name: 'a single address that a prefix has',
      code: 'address-elsewhere',
      doIt: (book) => book.addAddress(FIRST_ENI, '10.0.0.20'),
    },
    {
      name: 'a prefix over a single address',
      code: 'address-elsewhere',
      doIt: (book) => {
        book.addAddress('eni-1', '10.0.0.40');
        book.addPrefix(FIRST_ENI, SECOND);
      },
    },
    {
      name: 'removing a prefix in use',
      code: 'prefix-in-use',
      doIt: (book) => book.removePrefix(FIRST_ENI, FIRST),
    },
    {
      name: 'removing an ENI whose prefix is in use',
      code: 'eni-in-use',
      doIt: (book) => book.removeEni(FIRST_ENI),
    },
  ];

  test.each(cases)('$name', ({ code, doIt }) => {
    const book = bookWith(FIRST);
    reserved(book, 'p');
    expect(codeOf(() => doIt(book))).toBe(code);
    expect(prefixCounts(book)).toEqual([[FIRST, 1, 0]]);
  });
});

describe('a prefix that EC2 takes away', () => {
  test('strands who holds its addresses, until it comes back', () => {
    const book = bookWith(FIRST);
    reserveAll(book, ['p', 'q']);
    expect(book.losePrefix(FIRST_ENI, FIRST).map(({ address }) => address)).toEqual([
      '10.0.0.16',
      '10.0.0.17',
    ]);
    expect(book.losePrefix(FIRST_ENI, FIRST)).toEqual([]);
    expect(book.statistics(START_MS)).toMatchObject({ totalCount: 0, strandedCount: 2 });

    book.addPrefix('eni-1', FIRST);
    expect(book.find(key('q'))).toMatchObject({ address: '10.0.0.17', eni: { eniId: 'eni-1' } });
    expect(reserved(book, 'r')).toBe('10.0.0.18');
  });

  test('goes with its ENI, and all is told', () => {
    const book = bookWith(FIRST, SINGLE);
    reserveAll(book, ['p', 'q']);
    const heard: string[] = [];
    book.subscribe(({ kind }) => heard.push(kind));
    expect(book.loseEni(FIRST_ENI)).toHaveLength(2);
    book.addPrefix('eni-1', FIRST);
    book.addPrefix('eni-1', SECOND);
    book.drain('eni-1', [SECOND]);
    book.undrain('eni-1', [SECOND]);
    expect(heard).toEqual([
      'address-removed',
      'stranded',
      'prefix-removed',
      'stranded',
      'eni-removed',
      'prefix-added',
      'restored',
      'prefix-added',
      'prefix-drained',
      'prefix-undrained',
    ]);
  });
});
