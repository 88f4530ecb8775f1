import { expect, test } from '@jest/globals';
import { AddressBook } from '../address-book.ts';
import { address, COOLDOWN_MS, fill, key, START_MS } from '../book-fixture.ts';
import { encodeCheckpoint } from '../checkpoint-codec.ts';
import type { Ec2Intent } from '../ec2-intent.ts';
import type { IpAddress } from '../ip-address.ts';
import { recover } from '../recovery.ts';
import { createCheckpointFile } from './checkpoint-file.ts';
import type { CheckpointFileSystem } from './checkpoint-file-system.ts';
import { createFakeDisk, cutEverywhere, type DirectoryImage } from './fake-disk.ts';

// Durable before reply: whatever step of whatever write the power fails at, what somebody was told
// holds in the next life of the daemon.

const PATH = '/run/ipam.json';
const SIZE = 4;

const newBook = () => {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  fill(book, SIZE);
  return book;
};

const intent: Ec2Intent = {
  kind: 'create-eni',
  intentId: 'i-1',
  atMs: START_MS,
  clientToken: 'token',
  networkCardIndex: 0,
};

/** What the world outside the daemon has been told, and what it has asked for. */
interface Told {
  readonly reserved: Map<string, IpAddress>;
  readonly releaseAsked: Set<string>;
  readonly released: Set<string>;
  isIntentDurable: boolean;
}

const nothingTold = (): Told => ({
  reserved: new Map(),
  releaseAsked: new Set(),
  released: new Set(),
  isIntentDurable: false,
});

/** A short life of a daemon: pods come and go, one after the other and at once. */
async function live(fileSystem: CheckpointFileSystem, told: Told): Promise<void> {
  const book = newBook();
  const snapshot = () => encodeCheckpoint(book.toCheckpoint());
  const file = createCheckpointFile({ path: PATH, snapshot, fileSystem });
  let nowMs = START_MS;

  const add = async (pod: string) => {
    const outcome = book.reserve(key(pod), {}, ++nowMs);
    await file.save();
    if (outcome.kind === 'reserved') told.reserved.set(pod, outcome.reservation.address);
  };
  const remove = async (pod: string) => {
    told.releaseAsked.add(pod);
    book.release(key(pod), ++nowMs);
    await file.save();
    told.released.add(pod);
  };

  await add('a');
  await Promise.all([add('b'), add('c')]);
  await remove('a');
  book.beginIntent(intent);
  await file.save();
  told.isIntentDurable = true;
  await Promise.all([remove('b'), add('d')]);
}

async function nextLife(image: DirectoryImage): Promise<AddressBook> {
  const { fileSystem } = createFakeDisk(image);
  const text = await createCheckpointFile({ path: PATH, snapshot: () => '', fileSystem }).load();
  const addresses = Array.from({ length: SIZE }, (_, n) => address(0, 10 + n));
  const { kind, checkpoint } = recover({
    files: [{ networkCardIndex: 0, text }],
    podRules: [],
    enis: [{ networkCardIndex: 0, addresses, prefixes: [] }],
    nowMs: START_MS + 1_000,
  });
  expect(kind).not.toBe('rebuilt');
  const book = newBook();
  book.restore(checkpoint, START_MS + 1_000);
  return book;
}

function expectKept(told: Told, book: AddressBook): void {
  for (const [pod, address] of told.reserved) {
    const held = book.find(key(pod))?.address;
    if (!told.releaseAsked.has(pod)) expect([pod, held]).toEqual([pod, address]);
    if (told.released.has(pod)) expect([pod, held]).toEqual([pod, undefined]);
  }
  if (told.isIntentDurable) expect(book.intents()).toEqual([intent]);

  // Each of them is held, or was released less than a cool-down ago.
  const given = Array.from({ length: SIZE }, (_, n) => {
    const outcome = book.reserve(key(`new-${n}`), {}, START_MS + 2_000);
    return outcome.kind === 'reserved' ? outcome.reservation.address : outcome.kind;
  });
  for (const address of told.reserved.values()) expect(given).not.toContain(address);
}

test('what anybody was told outlives a power cut at any step', async () => {
  const lives: Told[] = [];
  const cuts = await cutEverywhere(new Map(), (fileSystem, cut) => {
    const told = nothingTold();
    lives[cut] = told;
    return live(fileSystem, told);
  });
  expect(cuts.at(-1)?.doneSteps.filter((step) => step === 'rename')).toHaveLength(5);
  for (const [cut, { images }] of cuts.entries()) {
    for (const image of images) expectKept(lives[cut] ?? nothingTold(), await nextLife(image));
  }
  expect(lives.at(-1)).toMatchObject({ isIntentDurable: true, released: new Set(['a', 'b']) });
});
