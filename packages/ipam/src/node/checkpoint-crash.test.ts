import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createCheckpointFile } from './checkpoint-file.ts';
import type { CheckpointFileSystem } from './checkpoint-file-system.ts';
import { createFakeDisk, cutEverywhere, type DirectoryImage } from './fake-disk.ts';

const NAME = 'ipam.json';
const PATH = `/run/${NAME}`;

/** What the next process reads from an image. */
const loadFrom = (image: DirectoryImage) =>
  createCheckpointFile({
    path: PATH,
    snapshot: () => '',
    fileSystem: createFakeDisk(image).fileSystem,
  }).load();

const fileOn = (fileSystem: CheckpointFileSystem) =>
  createCheckpointFile({ path: PATH, snapshot: () => 'new version', fileSystem });

describe('a power cut', () => {
  const cases = [
    { name: 'the first save', initial: new Map<string, string>(), before: undefined },
    { name: 'a save', initial: new Map([[NAME, 'old version']]), before: 'old version' },
    {
      name: 'a save after an earlier crash',
      initial: new Map([
        [NAME, 'old version'],
        [`${NAME}.tmp-0815`, 'half of a ver'],
      ]),
      before: 'old version',
    },
  ];

  test.each(cases)('at any step of $name leaves the old version or the new one', async (one) => {
    const cuts = await cutEverywhere(one.initial, (disk) => fileOn(disk).save());
    expect(cuts.at(-1)?.doneSteps).toEqual([
      'create',
      'write',
      'sync',
      'close',
      'rename',
      'syncDirectory',
    ]);
    for (const { images, isDone } of cuts) {
      for (const image of images) {
        const loaded = await loadFrom(image);
        expect(isDone ? ['new version'] : [one.before, 'new version']).toContain(loaded);
      }
    }
  });

  test('leaves more than one possibility, or nothing would be tested', async () => {
    const cuts = await cutEverywhere(new Map([[NAME, 'old version']]), (disk) =>
      fileOn(disk).save(),
    );
    const seen = await Promise.all(cuts.flatMap(({ images }) => images.map(loadFrom)));
    expect(new Set(seen)).toEqual(new Set(['old version', 'new version']));
    expect(seen.length).toBeGreaterThan(cuts.length);
  });

  test('at any step of a quarantine loses nothing of the file', async () => {
    const cuts = await cutEverywhere(new Map([[NAME, 'garbage']]), (disk) =>
      fileOn(disk).quarantine(0),
    );
    for (const { images, isDone } of cuts) {
      for (const image of images) {
        expect([...image.values()]).toEqual(['garbage']);
        if (isDone) expect(await loadFrom(image)).toBeUndefined();
      }
    }
  });
});

describe('a process that is killed', () => {
  const program = fileURLToPath(new URL('checkpoint-crash-program.ts', import.meta.url));

  const runUntil = (path: string, step: number) => {
    const args = ['--disable-warning=ExperimentalWarning', program, path, 'new version', `${step}`];
    const { stdout, signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    return { steps: stdout.split('\n').slice(0, -1), isKilled: signal === 'SIGKILL' };
  };

  test('at any step of a save leaves the old version or the new one, and no litter', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'checkpoint-crash-'));
    try {
      const path = join(directory, NAME);
      const found: string[] = [];
      for (let step = 0, isKilled = true; isKilled; step++) {
        await writeFile(path, 'old version');
        const run = runUntil(path, step);
        isKilled = run.isKilled;
        const loaded = await createCheckpointFile({ path, snapshot: () => '' }).load();
        found.push(`${run.steps.at(-1) ?? 'start'}: ${loaded}`);
        expect(await readdir(directory)).toEqual([NAME]);
      }
      expect(found).toEqual([
        'start: old version',
        'create: old version',
        'write half: old version',
        'write the rest: old version',
        'sync: old version',
        'close: old version',
        'rename: new version',
        'syncDirectory: new version',
        'answer: new version',
      ]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
