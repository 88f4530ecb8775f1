import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findPlugin } from './find-plugin.ts';

let root: string;
const at = (...names: readonly string[]) => join(root, ...names);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'find-plugin-'));
  await mkdir(at('a', 'directory'), { recursive: true });
  await mkdir(at('b'));
  await writeFile(at('a', 'both'), '');
  await writeFile(at('b', 'both'), '');
  await writeFile(at('b', 'directory'), '');
  await symlink(at('b', 'both'), at('a', 'link'));
  await symlink(at('nowhere'), at('a', 'dangling'));
});
afterAll(() => rm(root, { recursive: true }));

describe('findPlugin', () => {
  test.each([
    { name: 'the first of two', type: 'both', found: 'a/both' },
    { name: 'a file behind a directory of that name', type: 'directory', found: 'b/directory' },
    { name: 'a link to a file', type: 'link', found: 'a/link' },
  ])('finds $name', async ({ type, found }) => {
    expect(await findPlugin(type, ['', at('absent'), at('a'), at('b')])).toBe(at(found));
  });

  test.each([
    { name: 'nothing of that name', type: 'absent', where: ['a', 'b'] },
    { name: 'a link to nowhere', type: 'dangling', where: ['a'] },
    { name: 'an empty type', type: '', where: ['a'] },
    { name: 'a path for a type', type: '../a/both', where: ['b'] },
    { name: 'a path for another system', type: '..\\both', where: ['b'] },
    { name: 'nowhere to search', type: 'both', where: [] },
  ])('refuses $name', async ({ type, where }) => {
    await expect(
      findPlugin(
        type,
        where.map((name) => at(name)),
      ),
    ).rejects.toMatchObject({
      code: 999,
      msg: `failed to find plugin ${JSON.stringify(type)}`,
    });
  });

  test('says where it searched', async () => {
    await expect(findPlugin('absent', ['/x', '/y'])).rejects.toThrow('it is in none of /x, /y');
  });
});
