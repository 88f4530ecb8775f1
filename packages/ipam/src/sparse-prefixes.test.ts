import { expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import { AddressTable } from './address-table.ts';
import { COOLDOWN_MS, codeOf, eni, FIRST_ENI, key, reserved, START_MS } from './book-fixture.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import { CoolDown } from './cool-down.ts';
import { EventRelay } from './event-relay.ts';
import { IPV6_PREFIX_SIZE, type Ipv6Prefix } from './ipv6-prefix.ts';
import { move } from './life-cycle.ts';

const PREFIX: Ipv6Prefix = '2001:db8:0:1:5::/80';
const OTHER: Ipv6Prefix = '2001:db8:0:1:6::/80';

function newBook(): AddressBook {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  book.addEni(eni(0));
  book.addEni(eni(1));
  return book;
}

function bookWith(prefix: Ipv6Prefix): AddressBook {
  const book = newBook();
  book.addPrefix(FIRST_ENI, prefix);
  return book;
}

test('pods get the addresses of a /80 one after the other, from its first one on', () => {
  const book = bookWith(PREFIX);
  expect([reserved(book, 'a'), reserved(book, 'b'), reserved(book, 'a')]).toEqual([
    '2001:db8:0:1:5::',
    '2001:db8:0:1:5::1',
    '2001:db8:0:1:5::',
  ]);
});

test('an address that was released does not come back while there are others', () => {
  const book = bookWith(PREFIX);
  reserved(book, 'a');
  book.release(key('a'), START_MS);
  expect(book.statistics(START_MS)).toMatchObject({ reservedCount: 0, coolingCount: 1 });
  const later = START_MS + 10 * COOLDOWN_MS;
  expect(reserved(book, 'b', later)).toBe('2001:db8:0:1:5::1');
  expect(book.statistics(later)).toMatchObject({ reservedCount: 1, coolingCount: 0 });
});

test('all its addresses are counted', () => {
  const book = bookWith(PREFIX);
  reserved(book, 'a');
  book.addPrefix('eni-1', OTHER);
  expect(book.statistics(START_MS)).toMatchObject({
    totalCount: 2 * IPV6_PREFIX_SIZE,
    reservedCount: 1,
    reservableNowCount: 2 * IPV6_PREFIX_SIZE - 1,
    prefixCount: 2,
    unusedPrefixCount: 1,
  });
  book.removePrefix('eni-1', OTHER);
  expect(book.statistics(START_MS).totalCount).toBe(IPV6_PREFIX_SIZE);
  book.losePrefix(FIRST_ENI, PREFIX);
  expect(book.statistics(START_MS)).toMatchObject({ totalCount: 0, strandedCount: 1 });
});

test('an excluded ENI gives none away', () => {
  const book = bookWith(PREFIX);
  book.setEniRole(FIRST_ENI, 'excluded');
  expect(reserved(book, 'a')).toBe('exhausted');
  expect(book.statistics(START_MS)).toMatchObject({
    reservableNowCount: 0,
    closedCount: IPV6_PREFIX_SIZE,
  });
  book.setEniRole(FIRST_ENI, 'ordinary');
  expect(reserved(book, 'a')).toBe('2001:db8:0:1:5::');
});

test('it drains as a whole, while nobody holds anything of it', () => {
  const book = bookWith(PREFIX);
  reserved(book, 'a');
  expect(codeOf(() => book.drain(FIRST_ENI, [PREFIX]))).toBe('address-in-use');
  book.release(key('a'), START_MS);
  expect(codeOf(() => book.drain(FIRST_ENI, [PREFIX]))).toBe('address-not-free');
  const later = START_MS + COOLDOWN_MS;
  book.statistics(later);
  book.drain(FIRST_ENI, [PREFIX]);
  expect(codeOf(() => book.drain(FIRST_ENI, [PREFIX]))).toBe('address-not-free');
  expect(reserved(book, 'b', later)).toBe('exhausted');
  expect(book.statistics(later).drainingCount).toBe(IPV6_PREFIX_SIZE);
  book.undrain(FIRST_ENI, [PREFIX]);
  expect(codeOf(() => book.undrain(FIRST_ENI, [PREFIX]))).toBe('address-not-draining');
  expect(reserved(book, 'b', later)).toBe('2001:db8:0:1:5::1');
});

test('it is on one ENI at a time, and so are the addresses in it', () => {
  const book = bookWith(PREFIX);
  expect(codeOf(() => book.addPrefix('eni-1', PREFIX))).toBe('address-elsewhere');
  expect(codeOf(() => book.addAddress('eni-1', '2001:db8:0:1:5::7'))).toBe('address-elsewhere');
  book.addAddress('eni-1', '2001:db8:0:1:6::7');
  expect(codeOf(() => book.addPrefix(FIRST_ENI, OTHER))).toBe('address-elsewhere');
});

test('a pod of a /80 that was away has its address again, and nobody else got it', () => {
  const book = bookWith(PREFIX);
  reserved(book, 'a');
  book.losePrefix(FIRST_ENI, PREFIX);
  book.addPrefix('eni-1', PREFIX);
  expect(reserved(book, 'b')).toBe('2001:db8:0:1:5::1');
  expect(book.find(key('a'))).toMatchObject({
    address: '2001:db8:0:1:5::',
    eni: { eniId: 'eni-1' },
  });
});

test('a restart knows who holds what, and what was released lately', () => {
  const book = bookWith(PREFIX);
  for (const pod of ['a', 'b', 'c']) reserved(book, pod);
  book.release(key('a'), START_MS);
  const text = encodeCheckpoint(book.toCheckpoint());
  expect(text).toContain('"ipv6":"2001:db8:0:1:5::1","allocationTimestamp"');
  expect(text).toContain('"recentReleases":[{"ipv6":"2001:db8:0:1:5::",');

  const next = bookWith(PREFIX);
  next.restore(decodeCheckpoint(text), START_MS);
  expect(encodeCheckpoint(next.toCheckpoint())).toBe(text);
  expect(reserved(next, 'b')).toBe('2001:db8:0:1:5::1');
  expect(next.statistics(START_MS)).toMatchObject({ reservedCount: 2, coolingCount: 1 });
  expect(reserved(next, 'd')).toBe('2001:db8:0:1:5::3');
});

test('a /80 that turns up after the checkpoint was read serves its pods', () => {
  const book = bookWith(PREFIX);
  reserved(book, 'a');
  const next = newBook();
  const { stranded } = next.restore(book.toCheckpoint(), START_MS);
  expect(stranded).toHaveLength(1);
  next.addPrefix(FIRST_ENI, PREFIX);
  expect(reserved(next, 'a')).toBe('2001:db8:0:1:5::');
});

test('where nothing is remembered, addresses come from somewhere else in the /80', () => {
  const book = bookWith(PREFIX);
  const nothing = { allocations: [], recentReleases: [], intents: [] };
  book.restore(nothing, START_MS, { beginAt: 0.5 });
  expect(reserved(book, 'a')).toBe('2001:db8:0:1:5:8000::');
});

test('what was released and has cooled down takes no memory', () => {
  const table = new AddressTable();
  const coolDown = new CoolDown(table, new EventRelay(), { addressCooldownMs: COOLDOWN_MS });
  table.addEni(eni(0));
  const prefix = table.addPrefix(FIRST_ENI, PREFIX);
  for (let nowMs = START_MS; nowMs < START_MS + 100 * COOLDOWN_MS; nowMs += COOLDOWN_MS) {
    coolDown.letTimePass(nowMs);
    const record = table.firstFree(0);
    if (record === undefined) throw new Error('there is always an address');
    move(record, 'reserved');
    coolDown.begin(record);
    expect(prefix?.addresses.size).toBe(1);
  }
});
