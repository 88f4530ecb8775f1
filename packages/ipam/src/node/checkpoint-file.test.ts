import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkpointPath, createCheckpointFile } from './checkpoint-file.ts';
import { type CheckpointFileSystem, nodeFileSystem } from './checkpoint-file-system.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'checkpoint-file-'));
  path = join(directory, 'ipam.json');
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const names = () => readdir(directory);
const text = () => readFile(path, 'utf8');

/** Steps of one write, in the order they happen. */
const STEPS = ['create', 'write', 'sync', 'close', 'rename', 'syncDirectory'] as const;
type StepName = (typeof STEPS)[number];

/** The real file system, with a word before every step of a write. */
const watched = (before: (step: StepName | 'remove') => Promise<void>): CheckpointFileSystem => ({
  ...nodeFileSystem,
  createExclusively: async (file, mode) => {
    await before('create');
    const open = await nodeFileSystem.createExclusively(file, mode);
    return {
      write: async (content) => {
        await before('write');
        await open.write(content);
      },
      sync: async () => {
        await before('sync');
        await open.sync();
      },
      close: async () => {
        await open.close(); // a descriptor is gone whatever close() says
        await before('close');
      },
    };
  },
  rename: async (from, to) => {
    await before('rename');
    await nodeFileSystem.rename(from, to);
  },
  syncDirectory: async (dir) => {
    await before('syncDirectory');
    await nodeFileSystem.syncDirectory(dir);
  },
  remove: async (file) => {
    await before('remove');
    await nodeFileSystem.remove(file);
  },
});

const failure = () => Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });

describe('a checkpoint file', () => {
  test('holds the snapshot, readable by its owner only, and nothing else is left behind', async () => {
    await createCheckpointFile({ path, snapshot: () => 'one' }).save();
    expect(await text()).toBe('one');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await names()).toEqual(['ipam.json']);
  });

  test('goes through every step, in this order', async () => {
    const seen: string[] = [];
    const fileSystem = watched(async (step) => {
      seen.push(step);
    });
    await createCheckpointFile({ path, snapshot: () => 'one', fileSystem }).save();
    expect(seen).toEqual(STEPS);
  });

  test('in memory is written twice at most for those who come in one turn, each in a callback of its own', async () => {
    const inMemory = await mkdtemp('/dev/shm/checkpoint-file-');
    let writeCount = 0;
    const snapshot = () => {
      writeCount += 1;
      return `${writeCount}`;
    };
    const file = createCheckpointFile({ path: join(inMemory, 'ipam.json'), snapshot });
    const saves = Array.from({ length: 10 }, () => nextTurn().then(() => file.save()));
    await Promise.all(saves);
    await rm(inMemory, { recursive: true });
    expect(writeCount).toBe(2);
  });

  test('is absent on a fresh boot', async () => {
    expect(await createCheckpointFile({ path, snapshot: () => '' }).load()).toBeUndefined();
    const elsewhere = join(directory, 'missing', 'ipam.json');
    expect(
      await createCheckpointFile({ path: elsewhere, snapshot: () => '' }).load(),
    ).toBeUndefined();
  });

  test('gives back what was saved and removes what interrupted writes left', async () => {
    await writeFile(path, 'one');
    await writeFile(`${path}.tmp-0815`, 'half');
    await writeFile(`${path}.tmp123456`, "half of the reference implementation's");
    await writeFile(join(directory, 'ipam.json.backup'), 'not ours');
    expect(await createCheckpointFile({ path, snapshot: () => '' }).load()).toBe('one');
    expect((await names()).sort()).toEqual(['ipam.json', 'ipam.json.backup']);
  });

  test('that cannot be read is a typed error', async () => {
    const file = createCheckpointFile({ path: directory, snapshot: () => '' });
    await expect(file.load()).rejects.toMatchObject({
      code: 'checkpoint-unreadable',
      facts: { path: directory, errno: 'EISDIR' },
    });
  });

  test('whose directory is missing cannot be written', async () => {
    const elsewhere = join(directory, 'missing', 'ipam.json');
    const file = createCheckpointFile({ path: elsewhere, snapshot: () => '' });
    await expect(file.save()).rejects.toMatchObject({
      code: 'checkpoint-unwritable',
      facts: { path: elsewhere, errno: 'ENOENT' },
    });
  });
});

describe('quarantine', () => {
  const nowMs = Date.UTC(2026, 10, 24, 3, 31, 3, 7);

  test('moves the file aside, where the next start leaves it alone', async () => {
    await writeFile(path, 'garbage');
    const file = createCheckpointFile({ path, snapshot: () => 'new' });
    const elsewhere = await file.quarantine(nowMs);
    expect(elsewhere).toBe(`${path}.unreadable-20261124T033103.007Z`);
    expect(await readFile(String(elsewhere), 'utf8')).toBe('garbage');
    expect(await file.load()).toBeUndefined();
    await file.save();
    expect(await file.load()).toBe('new');
    expect((await names()).sort()).toEqual([
      'ipam.json',
      'ipam.json.unreadable-20261124T033103.007Z',
    ]);
  });

  test('of nothing is nothing', async () => {
    const file = createCheckpointFile({ path, snapshot: () => '' });
    expect(await file.quarantine(nowMs)).toBeUndefined();
  });

  test('that fails is a typed error', async () => {
    await writeFile(path, 'garbage');
    const fileSystem = watched(async (step) => {
      if (step === 'rename') throw failure();
    });
    const file = createCheckpointFile({ path, snapshot: () => '', fileSystem });
    await expect(file.quarantine(nowMs)).rejects.toMatchObject({
      code: 'checkpoint-unwritable',
      facts: { path, errno: 'ENOSPC' },
    });
    expect(await text()).toBe('garbage');
  });
});

// Reference behaviour, "Checkpoint", "Location".
test.each([
  ['/var/run/aws-node/ipam.json', 0, '/var/run/aws-node/ipam.json'],
  ['/var/run/aws-node/ipam.json', 2, '/var/run/aws-node/ipam-nic-2.json'],
  ['/var/run/ipam', 1, '/var/run/ipam-nic-1.json'],
  ['/x.json/ipam.json', 1, '/x.json/ipam-nic-1.json'],
])('next to %s the file of card %d is %s', (base, card, expected) => {
  expect(checkpointPath(base, card)).toBe(expected);
});

describe('group commit', () => {
  test('shares one write among the callers of one turn', async () => {
    let version = 0;
    const file = createCheckpointFile({ path, snapshot: () => `${++version}` });
    await Promise.all(Array.from({ length: 50 }, () => file.save()));
    expect(version).toBe(1);
  });

  test('serves those who come during a write by the next one, which sees their change', async () => {
    const changes: string[] = ['a'];
    const release = Promise.withResolvers<void>();
    const reachedSync = Promise.withResolvers<void>();
    let isFirst = true;
    const fileSystem = watched(async (step) => {
      if (step === 'sync' && isFirst) {
        isFirst = false;
        reachedSync.resolve();
        await release.promise;
      }
    });
    const file = createCheckpointFile({ path, snapshot: () => changes.join(''), fileSystem });

    const done: string[] = [];
    const first = file.save().then(() => done.push('first'));
    await reachedSync.promise;
    changes.push('b');
    const late = [1, 2, 3].map((caller) =>
      file.save().then(async () => done.push(`late ${caller} read ${await text()}`)),
    );
    expect(done).toEqual([]);
    release.resolve();
    await Promise.all([first, ...late]);
    expect(done[0]).toBe('first');
    expect(done.slice(1).sort()).toEqual([1, 2, 3].map((caller) => `late ${caller} read ab`));
  });

  test('a failed write rejects its own callers and no others', async () => {
    let failures = 1;
    let version = 0;
    const fileSystem = watched(async (step) => {
      if (step === 'rename' && failures-- > 0) throw failure();
    });
    const file = createCheckpointFile({ path, snapshot: () => `${++version}`, fileSystem });
    const first = [file.save(), file.save()];
    await Promise.resolve(); // the first write has started
    await Promise.resolve();
    const second = [file.save(), file.save()];
    const outcomes = await Promise.allSettled([...first, ...second]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await text()).toBe('2');
  });

  test('a snapshot that throws rejects like a failed write', async () => {
    let isBroken = true;
    const snapshot = () => {
      if (isBroken) throw new Error('no snapshot');
      return 'fine';
    };
    const file = createCheckpointFile({ path, snapshot });
    await expect(file.save()).rejects.toMatchObject({ code: 'checkpoint-unwritable' });
    isBroken = false;
    await file.save();
    expect(await text()).toBe('fine');
  });
});

describe.each(STEPS)('when %s fails', (failingStep) => {
  // Once the rename has happened the new version is there, durable or not.
  const expected = failingStep === 'syncDirectory' ? 'new' : 'old';

  test(`the caller is told, the ${expected} version stands, and the next save works`, async () => {
    await writeFile(path, 'old');
    let content = 'new';
    let failures = 1;
    const fileSystem = watched(async (step) => {
      if (step === failingStep && failures-- > 0) throw failure();
    });
    const file = createCheckpointFile({ path, snapshot: () => content, fileSystem });
    await expect(file.save()).rejects.toMatchObject({
      code: 'checkpoint-unwritable',
      facts: { path, errno: 'ENOSPC' },
    });
    expect(await text()).toBe(expected);
    expect(await names()).toEqual(['ipam.json']);
    content = 'newer';
    await file.save();
    expect(await text()).toBe('newer');
  });

  test(`and the process dies there, the next one reads the ${expected} version`, async () => {
    await writeFile(path, 'old');
    let isDead = false;
    const fileSystem = watched(async (step) => {
      isDead ||= step === failingStep;
      if (isDead) throw failure(); // nothing after the crash happens, tidying up included
    });
    const dying = createCheckpointFile({ path, snapshot: () => 'new', fileSystem });
    await expect(dying.save()).rejects.toThrow();

    const next = createCheckpointFile({ path, snapshot: () => 'newer' });
    expect(await next.load()).toBe(expected);
    expect(await names()).toEqual(['ipam.json']);
  });
});
