import * as files from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyPrograms, type FileSystem } from './copy-programs.ts';

let work: string;
let from: string;
let to: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'copy-programs-'));
  [from, to] = [join(work, 'from'), join(work, 'to')];
  await files.mkdir(from);
  await files.mkdir(to);
});
afterEach(() => rm(work, { recursive: true }));

const program = (directory: string, name: string, text: string, mode = 0o755) =>
  writeFile(join(directory, name), text, { mode });
const seen = async (name: string) => ({
  text: await readFile(join(to, name), 'utf8'),
  mode: (await stat(join(to, name))).mode & 0o777,
});

test('copies every regular file with its mode, and nothing else', async () => {
  await program(from, 'portmap', 'p');
  await program(from, 'LICENSE', 'l', 0o644);
  await files.mkdir(join(from, 'directory'));
  await symlink('portmap', join(from, 'link'));
  expect(await copyPrograms({ from, to })).toEqual(['LICENSE', 'portmap']);
  expect((await readdir(to)).sort()).toEqual(['LICENSE', 'portmap']);
  expect(await seen('portmap')).toEqual({ text: 'p', mode: 0o755 });
  expect(await seen('LICENSE')).toEqual({ text: 'l', mode: 0o644 });
});

test('ten times changes nothing after the first', async () => {
  await program(from, 'aws-cni', 'new');
  await copyPrograms({ from, to });
  const { ino, mtimeMs } = await stat(join(to, 'aws-cni'));
  for (let run = 1; run < 10; run++) expect(await copyPrograms({ from, to })).toEqual([]);
  expect(await stat(join(to, 'aws-cni'))).toMatchObject({ ino, mtimeMs });
});

test.each([
  { name: 'other bytes of the same length', there: () => program(to, 'aws-cni', 'old') },
  { name: 'another length', there: () => program(to, 'aws-cni', '') },
  { name: 'another mode', there: () => program(to, 'aws-cni', 'new', 0o644) },
  { name: 'a link to another place', there: () => symlink('/nowhere', join(to, 'aws-cni')) },
])('replaces one that has $name', async ({ there }) => {
  await program(from, 'aws-cni', 'new');
  await there();
  expect(await copyPrograms({ from, to, names: ['aws-cni'] })).toEqual(['aws-cni']);
  expect(await seen('aws-cni')).toEqual({ text: 'new', mode: 0o755 });
  expect((await files.lstat(join(to, 'aws-cni'))).isFile()).toBe(true);
});

test('leaves what others have in the directory', async () => {
  await program(from, 'aws-cni', 'new');
  await program(to, 'cilium-cni', 'c');
  await program(to, '.hidden', 'h');
  await copyPrograms({ from, to });
  expect((await readdir(to)).sort()).toEqual(['.hidden', 'aws-cni', 'cilium-cni']);
});

describe('what cannot be copied is named, and leaves nothing behind:', () => {
  test.each([
    {
      name: 'a source that is missing',
      prepare: async () => {},
      reason: /copying aws-cni from .*ENOENT/,
    },
    {
      name: 'a source that is a directory',
      prepare: () => files.mkdir(join(from, 'aws-cni')),
      reason: /copying aws-cni from .*not a regular file/,
    },
    {
      name: 'a directory in its place',
      prepare: async () => {
        await program(from, 'aws-cni', 'new');
        await files.mkdir(join(to, 'aws-cni'));
      },
      reason: /copying aws-cni from .* to .*EISDIR/,
    },
  ])('$name', async ({ prepare, reason }) => {
    await prepare();
    await expect(copyPrograms({ from, to, names: ['aws-cni'] })).rejects.toThrow(reason);
    expect((await readdir(to)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

/** A file system that a program dies in: call number `count` is not made, and nothing comes after it. */
function dyingAt(count: number): {
  readonly fileSystem: FileSystem;
  readonly died: Promise<unknown>;
} {
  let calls = 0;
  let die: (value: unknown) => void = () => undefined;
  const died = new Promise((resolve) => {
    die = resolve;
  });
  const step = async () => {
    calls += 1;
    if (calls <= count) return;
    die(undefined);
    await new Promise(() => undefined);
  };
  const fileSystem = new Proxy(files, {
    get: (target, name: keyof FileSystem) => {
      const real = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await step();
        return real.apply(target, args);
      };
    },
  });
  return { fileSystem, died };
}

test('killed between any two steps, it leaves the old program or the new one, and the next run ends well', async () => {
  const outcomes = new Set<string>();
  for (let count = 0; ; count++) {
    await program(to, 'aws-cni', 'old');
    await program(from, 'aws-cni', 'new');
    const { fileSystem, died } = dyingAt(count);
    const ended = await Promise.race([
      died.then(() => false),
      copyPrograms({ from, to, fileSystem }).then(() => true),
    ]);
    const { text, mode } = await seen('aws-cni');
    expect(['old', 'new']).toContain(text);
    expect(mode).toBe(0o755);
    outcomes.add(`${text}, ${ended ? 'ended' : 'died'}`);
    await copyPrograms({ from, to });
    expect({ ...(await seen('aws-cni')), names: await readdir(to) }).toEqual({
      text: 'new',
      mode: 0o755,
      names: ['aws-cni'],
    });
    if (ended) break;
  }
  expect([...outcomes].sort()).toEqual(['new, died', 'new, ended', 'old, died']);
});
