import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import { address, COOLDOWN_MS, eni, FIRST_ENI, fill, key, START_MS } from './book-fixture.ts';
import type { EniRole } from './eni-description.ts';

const PREFIX = '10.0.0.32/28';

const setRole = (book: AddressBook, role: EniRole) => book.setEniRole(FIRST_ENI, role);

/** ENI 0 with two addresses and a prefix; `a` holds the first address. */
function usedBook(): AddressBook {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, 2);
  book.reserve(key('a'), {}, START_MS);
  book.addPrefix(FIRST_ENI, PREFIX);
  return book;
}

test('the role of an ENI that is not there is nobody’s business', () => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  setRole(book, 'excluded');
  expect(book.enis(START_MS)).toEqual([]);
});

describe('an excluded ENI', () => {
  test('gives nothing to new pods, and leaves what it has to those that hold it', () => {
    const book = usedBook();
    setRole(book, 'excluded');
    expect(book.reserve(key('b'), {}, START_MS)).toMatchObject({ kind: 'exhausted' });
    expect(book.reserve(key('a'), {}, START_MS)).toMatchObject({ kind: 'reserved', isNew: false });
    expect(book.statistics(START_MS)).toMatchObject({
      totalCount: 18,
      reservedCount: 1,
      reservableNowCount: 0,
      closedCount: 17,
    });
  });

  test('can give back to EC2 what is free on it', () => {
    const book = usedBook();
    setRole(book, 'excluded');
    expect(book.enis(START_MS)[0]).toMatchObject({
      role: 'excluded',
      freeAddresses: [address(0, 11)],
      freeCount: 1,
    });
    book.drain(FIRST_ENI, [address(0, 11), PREFIX]);
    book.removeAddress(FIRST_ENI, address(0, 11));
    book.removePrefix(FIRST_ENI, PREFIX);
    expect(book.statistics(START_MS)).toMatchObject({ totalCount: 1, closedCount: 0 });
  });

  test('keeps an address closed that cools down meanwhile', () => {
    const book = usedBook();
    setRole(book, 'excluded');
    book.release(key('a'), START_MS);
    const cooledAtMs = START_MS + COOLDOWN_MS;
    expect(book.statistics(cooledAtMs)).toMatchObject({ reservableNowCount: 0, closedCount: 18 });
    expect(book.reserve(key('b'), {}, cooledAtMs)).toMatchObject({ kind: 'exhausted' });
  });

  test('serves pods again once it is no longer excluded, the longest idle address first', () => {
    const book = usedBook();
    book.release(key('a'), START_MS);
    const cooledAtMs = START_MS + COOLDOWN_MS;
    setRole(book, 'excluded');
    book.statistics(cooledAtMs);
    setRole(book, 'ordinary');
    expect(book.statistics(cooledAtMs)).toMatchObject({ reservableNowCount: 18, closedCount: 0 });
    expect(book.reserve(key('b'), {}, cooledAtMs)).toMatchObject({
      reservation: { address: address(0, 11) },
    });
  });

  test('can be excluded from the start', () => {
    const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    book.addEni({ ...eni(0), role: 'excluded' });
    book.addAddress(FIRST_ENI, address(0, 10));
    expect(book.statistics(START_MS)).toMatchObject({ reservableNowCount: 0, closedCount: 1 });
    expect(book.statistics(START_MS, { networkCardIndex: 1 })).toMatchObject({ closedCount: 0 });
  });
});

test.each(['trunk', 'efa'] as const)('a %s ENI serves pods as others do', (role) => {
  const book = usedBook();
  setRole(book, role);
  expect(book.reserve(key('b'), {}, START_MS)).toMatchObject({ kind: 'reserved' });
  expect(book.statistics(START_MS)).toMatchObject({ closedCount: 0 });
});
