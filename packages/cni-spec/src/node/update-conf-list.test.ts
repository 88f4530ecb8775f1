import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseConfList } from '../conf-list.ts';
import { removePlugin, setPlugin } from '../own-plugin.ts';
import { updateConfList, writeConfList } from './update-conf-list.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'update-conf-list-'));
  path = join(directory, '10-blue.conflist');
});
afterEach(() => rm(directory, { recursive: true }));

const list = parseConfList('{"name":"blue","plugins":[{"type":"bridge"}]}');
const mine = { type: 'mine' };

describe('writeConfList', () => {
  test('writes a file that everybody may read, and leaves nothing else', async () => {
    await writeConfList(path, list);
    expect(await readFile(path, 'utf8')).toBe(list.text);
    expect((await stat(path)).mode & 0o777).toBe(0o644);
    expect(await readdir(directory)).toEqual(['10-blue.conflist']);
  });

  test('puts a new file in the place of the old one, which readers keep', async () => {
    await writeConfList(path, list);
    const before = (await stat(path)).ino;
    await writeConfList(path, setPlugin(list, mine, 'last'));
    expect((await stat(path)).ino).not.toBe(before);
  });

  test('leaves nothing behind when it fails', async () => {
    await writeFile(join(directory, 'file'), '');
    await expect(writeConfList(join(directory, 'file', 'x'), list)).rejects.toThrow(/ENOTDIR/);
    await expect(writeConfList(directory, list)).rejects.toThrow();
    expect(await readdir(directory)).toEqual(['file']);
  });
});

describe('updateConfList', () => {
  test('makes, changes, leaves alone and removes the file of an installer', async () => {
    const own = (current = list) => setPlugin(current, mine, 'last');
    const disown = (current = list) =>
      removePlugin(removePlugin(current, 'mine') ?? list, 'bridge');
    expect(await updateConfList(path, own)).toBe(true);
    const { ino } = await stat(path);
    expect(await updateConfList(path, own)).toBe(false);
    expect((await stat(path)).ino).toBe(ino);
    expect(await updateConfList(path, disown)).toBe(true);
    expect(await readdir(directory)).toEqual([]);
    expect(await updateConfList(path, () => undefined)).toBe(false);
  });

  test('never overwrites what it does not understand', async () => {
    await writeFile(path, 'x');
    await expect(updateConfList(path, () => list)).rejects.toMatchObject({ code: 6 });
    expect(await readFile(path, 'utf8')).toBe('x');
  });
});
