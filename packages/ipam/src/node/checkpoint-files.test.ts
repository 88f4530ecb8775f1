import { describe, expect, test } from '@jest/globals';
import { AddressBook } from '../address-book.ts';
import { COOLDOWN_MS, eni, key, START_MS } from '../book-fixture.ts';
import { recover } from '../recovery.ts';
import { createCheckpointFiles } from './checkpoint-files.ts';
import { createFakeDisk, type DirectoryImage } from './fake-disk.ts';

/** A book of two cards, with a pod on both, and its files on a disk. */
async function nodeOn(disk: ReturnType<typeof createFakeDisk>) {
  const book = new AddressBook({ addressCooldownMs: COOLDOWN_MS });
  for (const card of [0, 1]) {
    book.addEni(eni(card, card));
    for (const host of [10, 11]) book.addAddress(`eni-${card}`, `10.0.${card}.${host}`);
  }
  const files = createCheckpointFiles({
    path: '/run/ipam.json',
    furtherCards: [1, 2],
    snapshot: () => book.toCheckpoint(),
    fileSystem: disk.fileSystem,
  });
  const texts = await files.load();
  book.restore(
    recover({ files: texts, podRules: [], enis: [], nowMs: START_MS }).checkpoint,
    START_MS,
  );
  return { book, files };
}

/** What a process that reads the directory would know. */
function readBy(image: DirectoryImage) {
  const files = [0, 1, 2].map((networkCardIndex) => ({
    networkCardIndex,
    text: image.get(networkCardIndex === 0 ? 'ipam.json' : `ipam-nic-${networkCardIndex}.json`),
  }));
  return recover({ files, podRules: [], enis: [], nowMs: START_MS });
}

const only = (images: readonly DirectoryImage[]): DirectoryImage => {
  expect(images).toHaveLength(1);
  return images[0] ?? new Map();
};

async function diskWithPod(): Promise<DirectoryImage> {
  const disk = createFakeDisk(new Map());
  const { book, files } = await nodeOn(disk);
  book.reserveEach(key('p'), {}, START_MS, [0, 1]);
  await files.save();
  return only(disk.images());
}

describe('checkpoint files', () => {
  test('keep a pod of two cards in two files, and make none for a card without pods', async () => {
    const image = await diskWithPod();
    expect([...image.keys()].sort()).toEqual(['ipam-nic-1.json', 'ipam.json']);
    const { checkpoint } = readBy(image);
    expect(checkpoint.allocations.map(({ ipv4 }) => ipv4)).toEqual(['10.0.0.10', '10.0.1.10']);
  });

  test('of other cards are not written for what does not concern them', async () => {
    const disk = createFakeDisk(await diskWithPod());
    const { book, files } = await nodeOn(disk);
    const { length } = disk.steps;
    book.reserve(key('q'), {}, START_MS);
    await files.save();
    expect(disk.steps.slice(length).filter((step) => step === 'create')).toHaveLength(1);
  });

  test('are written again for whoever asks while a write is under way', async () => {
    const disk = createFakeDisk(await diskWithPod());
    const { book, files } = await nodeOn(disk);
    book.releaseAll(key('p'), START_MS);
    const first = files.save();
    await Promise.resolve();
    book.reserveEach(key('q'), {}, START_MS, [0, 1]);
    await Promise.all([first, files.save()]);
    const { allocations } = readBy(only(disk.images())).checkpoint;
    expect(allocations.map((one) => [one.key.containerId, one.ipv4])).toEqual([
      [key('q').containerId, '10.0.0.11'],
      [key('q').containerId, '10.0.1.11'],
    ]);
  });

  test('forget no address between reserved and released, whenever the power goes', async () => {
    const before = await diskWithPod();
    for (let cut = 0; ; cut += 1) {
      const disk = createFakeDisk(before, cut);
      const { book, files } = await nodeOn(disk);
      book.releaseAll(key('p'), START_MS);
      let isSaved = false;
      void files.save().then(() => {
        isSaved = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      for (const image of disk.images()) {
        const { checkpoint } = readBy(image);
        const known = [
          ...checkpoint.allocations.map(({ ipv4 }) => ipv4),
          ...checkpoint.recentReleases.map(({ address }) => address),
        ];
        expect(known).toEqual(expect.arrayContaining(['10.0.0.10', '10.0.1.10']));
      }
      if (isSaved) return;
      expect(cut).toBeLessThan(40);
    }
  });

  test('that cannot be read are moved away one by one', async () => {
    const disk = createFakeDisk(new Map([['ipam-nic-1.json', '{']]));
    const { files } = await nodeOn(disk);
    expect(await files.quarantine(1, START_MS)).toMatch(/^\/run\/ipam-nic-1\.json\.unreadable-/);
    expect(await files.quarantine(2, START_MS)).toBeUndefined();
  });
});
