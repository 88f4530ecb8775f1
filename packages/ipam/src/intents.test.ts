import { describe, expect, test } from '@jest/globals';
import { AddressBook } from './address-book.ts';
import { address, COOLDOWN_MS, FIRST_ENI, fill, key, reserved, START_MS } from './book-fixture.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { Ec2Intent } from './ec2-intent.ts';

const A = address(0, 10);
const B = address(0, 11);
const PREFIX = '10.0.0.32/28';

/** ENI 0 with A, B and a prefix. */
const newBook = () => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, 2);
  book.addPrefix(FIRST_ENI, PREFIX);
  return book;
};

const create: Ec2Intent = {
  kind: 'create-eni',
  intentId: 'i-1',
  atMs: START_MS,
  clientToken: 'token-1',
  networkCardIndex: 0,
};

const unassign = (...blocks: readonly Ec2Block[]): Ec2Intent => ({
  kind: 'unassign',
  intentId: 'i-2',
  atMs: START_MS,
  eniId: FIRST_ENI,
  blocks,
});

const deletion: Ec2Intent = {
  kind: 'delete-eni',
  intentId: 'i-3',
  atMs: START_MS,
  eniId: FIRST_ENI,
};

/** What the process leaves behind when it dies. */
const fileOf = (book: AddressBook) => decodeCheckpoint(encodeCheckpoint(book.toCheckpoint()));

const drained = (book: AddressBook) => {
  const eni = book.enis(START_MS)[0];
  const singles = eni?.addresses.filter(({ state }) => state === 'draining') ?? [];
  const prefixes = eni?.prefixes.filter(({ isDraining }) => isDraining) ?? [];
  return [...singles.map((one) => one.address), ...prefixes.map(({ prefix }) => prefix)];
};

describe('intents', () => {
  test('are known to the next process until they end, in the order they began', () => {
    const book = newBook();
    book.beginIntent(create);
    book.beginIntent(unassign(A));
    book.endIntent('i-2');
    book.endIntent('i-2');
    book.beginIntent(deletion);

    const next = newBook();
    next.restore(fileOf(book), START_MS);
    expect(next.intents()).toEqual([create, deletion]);
    next.endIntent('i-1');
    next.endIntent('i-3');
    expect(fileOf(next).intents).toEqual([]);
  });

  test('survive whatever the clock says of fractions of a millisecond', () => {
    const book = newBook();
    book.beginIntent({ ...create, atMs: START_MS + 0.75 });
    expect(fileOf(book).intents).toEqual([create]);
  });

  test('are replaced by the next step of the same operation', () => {
    const book = newBook();
    book.beginIntent(create);
    const attach: Ec2Intent = {
      kind: 'attach-eni',
      intentId: 'i-1',
      atMs: START_MS + 600,
      eniId: 'eni-7',
      networkCardIndex: 0,
      deviceNumber: 2,
    };
    book.beginIntent(attach);
    expect(book.intents()).toEqual([attach]);
  });

  test('are told', () => {
    const book = newBook();
    const heard: string[] = [];
    book.subscribe(({ kind }) => heard.push(kind));
    book.beginIntent(create);
    book.endIntent('i-1');
    book.endIntent('i-1');
    expect(heard).toEqual(['intent-begun', 'intent-ended']);
  });

  test('change nothing by themselves in the process that has them', () => {
    const book = newBook();
    book.beginIntent(unassign(A));
    expect(drained(book)).toEqual([]);
  });
});

describe('what an earlier process was giving back', () => {
  test.each([
    { name: 'addresses', intent: unassign(A), expected: [A] },
    { name: 'a prefix', intent: unassign(PREFIX), expected: [PREFIX] },
    { name: 'an ENI with all it has', intent: deletion, expected: [A, B, PREFIX] },
    { name: 'what is not there', intent: unassign('10.9.9.9', '10.9.9.16/28'), expected: [] },
  ])('$name: is out of reach after a restart', ({ intent, expected }) => {
    const book = newBook();
    book.beginIntent(intent);
    const next = newBook();
    next.restore(fileOf(book), START_MS);
    expect(drained(next)).toEqual(expected);
  });

  test('is out of reach as well when its ENI turns up later', () => {
    const book = newBook();
    reserved(book, 'p'); // A
    book.release(key('p'), START_MS);
    book.beginIntent(unassign(A, PREFIX));
    const next = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
    next.restore(fileOf(book), START_MS + COOLDOWN_MS);
    fill(next, 2);
    next.addPrefix(FIRST_ENI, PREFIX);
    next.statistics(START_MS + COOLDOWN_MS);
    expect(drained(next)).toEqual([A, PREFIX]);
  });

  test('stays with the pod that holds it', () => {
    const book = newBook();
    reserved(book, 'p'); // A
    book.beginIntent(unassign(A));
    const next = newBook();
    expect(next.restore(fileOf(book), START_MS).dropped).toEqual([]);
    expect(next.find(key('p'))).toMatchObject({ address: A });
    next.release(key('p'), START_MS);
    expect(next.statistics(START_MS)).toMatchObject({ coolingCount: 1, drainingCount: 0 });
    expect(next.statistics(START_MS + COOLDOWN_MS)).toMatchObject({ drainingCount: 1 });
  });

  test('can be taken back once the intent has ended', () => {
    const book = newBook();
    book.beginIntent(unassign(A));
    const next = newBook();
    next.restore(fileOf(book), START_MS);
    next.endIntent('i-2');
    next.undrain(FIRST_ENI, [A]);
    expect(drained(next)).toEqual([]);
  });
});

describe('intents in the file', () => {
  const file = (intent: object) =>
    `{"version":"vpc-cni-ipam/1","allocations":[],"ec2Intents":[${JSON.stringify(intent)}]}`;

  test('of a kind that a later release wrote are passed over', () => {
    expect(decodeCheckpoint(file({ ...create, kind: 'borrow-eni' })).intents).toEqual([]);
  });

  test.each([
    { name: 'no time', intent: { ...create, atMs: undefined } },
    { name: 'no card', intent: { ...create, networkCardIndex: '0' } },
    { name: 'an ENI that is none', intent: { ...deletion, eniId: 'i-0815' } },
    { name: 'blocks that are no list', intent: { ...unassign(), blocks: A } },
    { name: 'a block that is none', intent: { ...unassign(), blocks: ['10.0.0.17/28'] } },
  ])('with $name are garbled', ({ intent }) => {
    expect(() => decodeCheckpoint(file(intent))).toThrow('[checkpoint-garbled]');
  });
});
