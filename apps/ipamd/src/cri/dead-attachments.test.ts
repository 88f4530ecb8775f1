import { describe, expect, test } from '@jest/globals';
import { type Reservation, recoveredKey } from '@vpc-cni/ipam';
import { keyOf } from './book.fixture.ts';
import { deadAttachments, GRACE_MS, hasLostKey, missingAttachments } from './dead-attachments.ts';

const NOW_MS = 10_000_000;
const OLD_MS = NOW_MS - GRACE_MS - 1;

const reservation = (has: Partial<Reservation> = {}): Reservation => ({
  key: keyOf('web'),
  address: '10.0.0.16',
  networkCardIndex: 0,
  reservedAtMs: OLD_MS,
  metadata: {},
  ...has,
});
/** By this one the runtime is known to be ours. */
const anchor = reservation({ key: keyOf('anchor'), address: '10.0.0.31', reservedAtMs: NOW_MS });
const lost = reservation({ key: recoveredKey('10.0.0.16') });
const listing = (sandboxIds: readonly string[], addresses: readonly string[] = []) => ({
  sandboxIds: new Set(['anchor', ...sandboxIds]),
  addresses: new Set(addresses),
});

describe('an attachment is missing', () => {
  test.each([
    ['its sandbox is listed', reservation(), listing(['web']), false],
    ['its sandbox is not listed', reservation(), listing(['db']), true],
    ['no other is listed', reservation(), listing([]), true],
    ['only its address is listed', reservation(), listing([], ['10.0.0.16']), true],
    [
      'it is as old as the grace',
      reservation({ reservedAtMs: NOW_MS - GRACE_MS }),
      listing([]),
      false,
    ],
    ['it is new', reservation({ reservedAtMs: NOW_MS }), listing([]), false],
    ['the clock went back', reservation({ reservedAtMs: NOW_MS + 1 }), listing([]), false],
    ['its key is lost and its address is listed', lost, listing(['web'], ['10.0.0.16']), false],
    ['its key is lost and its address is not listed', lost, listing(['web'], ['10.0.0.17']), true],
    [
      'its key is lost, and it may be of an interface that the runtime does not tell of',
      { ...lost, networkCardIndex: 1 },
      listing([]),
      false,
    ],
  ])('or not: %s', (_, held, has, isMissing) => {
    expect(missingAttachments([anchor, held], has, NOW_MS)).toEqual(isMissing ? [held] : []);
  });
});

test.each([
  ['lists nothing', []],
  ['lists the sandboxes of others', ['other']],
])('none is missing from a runtime that %s', (_, sandboxIds) => {
  const has = { sandboxIds: new Set(sandboxIds), addresses: new Set<string>() };
  expect(missingAttachments([anchor, reservation()], has, NOW_MS)).toEqual([]);
});

describe('a missing attachment is dead', () => {
  test.each([
    ['it was missing before', [reservation()], true],
    ['nothing was missing before', [], false],
    ['another was missing before', [reservation({ key: keyOf('db') })], false],
    ['it has the address anew', [reservation({ reservedAtMs: OLD_MS - 1 })], false],
    ['its container had another address', [reservation({ address: '10.0.0.17' })], false],
  ])('or not: %s', (_, before, isDead) => {
    expect(deadAttachments([reservation()], before)).toEqual(isDead ? [reservation()] : []);
  });
});

test.each([
  ['a known attachment', reservation(), false],
  ['one of which only the address is known', lost, true],
])('%s has lost its key: %#', (_, held, isLost) => {
  expect(hasLostKey(held)).toBe(isLost);
});
