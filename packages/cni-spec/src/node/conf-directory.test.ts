import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { NetworkConfList } from '../conf-list.ts';
import { loadConfDirectory, loadConfFile, loadConfList } from './conf-directory.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conf-directory-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Files by name; objects as JSON. */
async function put(files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
}
const list = (name: string, ...types: readonly string[]) => ({
  name,
  plugins: types.map((type) => ({ type })),
});
const typesOf = ({ plugins }: NetworkConfList) => plugins.map(({ type }) => type);

describe('loadConfDirectory', () => {
  test('gives the three kinds of files in one order, by bytes, and says which are malformed', async () => {
    await put({
      '20-b.conflist': list('b', 'x'),
      '10-a.conf': { name: 'a', type: 'y' },
      '15.json': { name: 'c', type: 'z' },
      '\u{1F600}.conf': { name: 'after', type: 'x' },
      '\uFF5E.conf': { name: 'before', type: 'x' },
      '05.conflist': 'x',
      '30.conf': '{}',
      'README.md': 'not a configuration',
      '.10.conflist.tmp': 'x',
      'b/extra.conf': { type: 'w' },
    });
    const files = await loadConfDirectory(directory);
    const seen = files.map((file) => [
      file.path.slice(directory.length + 1),
      'list' in file ? [file.list.name, ...typesOf(file.list)] : file.error.code,
    ]);
    expect(seen).toEqual([
      ['05.conflist', 6],
      ['10-a.conf', ['a', 'y']],
      ['15.json', ['c', 'z']],
      ['20-b.conflist', ['b', 'x', 'w']],
      ['30.conf', 7],
      ['\uFF5E.conf', ['before', 'x']],
      ['\u{1F600}.conf', ['after', 'x']],
    ]);
  });

  test('is empty for a directory that is not there', async () => {
    expect(await loadConfDirectory(join(directory, 'absent'))).toEqual([]);
  });
});

describe('loadConfList', () => {
  test.each([
    {
      name: 'the first list of that name',
      files: { '2.conflist': list('blue', 'second'), '1.conflist': list('blue', 'first') },
    },
    {
      name: 'a list before a single file, whatever their numbers',
      files: { '1.conf': { name: 'blue', type: 'single' }, '9.conflist': list('blue', 'first') },
    },
    {
      name: 'the first single file, of both kinds',
      files: {
        '1.json': { name: 'blue', type: 'first' },
        '2.conf': { name: 'blue', type: 'second' },
      },
    },
    {
      name: 'one that comes before a malformed file',
      files: { '1.conflist': list('blue', 'first'), '2.conflist': 'x' },
    },
  ])('finds $name', async ({ files }) => {
    await put({ '0.conflist': list('other', 'other'), ...files });
    expect(typesOf(await loadConfList(directory, 'blue'))).toEqual(['first']);
  });

  test('fails on a malformed file met before, saying which', async () => {
    await put({ '1.conflist': 'x', '2.conflist': list('blue', 'first') });
    await expect(loadConfList(directory, 'blue')).rejects.toMatchObject({
      code: 6,
      details: expect.stringContaining(join(directory, '1.conflist')),
    });
  });

  test('says that there is none', async () => {
    await expect(loadConfList(directory, 'blue')).rejects.toMatchObject({
      code: 7,
      msg: 'no network "blue"',
    });
  });
});

describe('plugins in the network’s directory', () => {
  const inlined = list('blue', 'inlined');
  const beside = {
    'blue/2.conf': { type: 'second' },
    'blue/1.conf': { type: 'first' },
    'blue/3.json': { type: 'third' },
    'red/1.conf': 'x',
  };
  test.each([
    { name: 'follow the inlined ones', conf: inlined, types: ['inlined', 'first', 'second'] },
    { name: 'may be all', conf: { name: 'blue' }, types: ['first', 'second'] },
    {
      name: 'are left out when the list says so',
      conf: { ...inlined, loadOnlyInlinedPlugins: true },
      types: ['inlined'],
    },
  ])('$name', async ({ conf, types }) => {
    await put({ 'x.conflist': conf, ...beside });
    const loaded = await loadConfFile(join(directory, 'x.conflist'));
    expect(typesOf(loaded)).toEqual(types);
    expect(loaded.text).toBe(JSON.stringify(conf));
  });

  test.each([
    { name: 'are missing, and none is inlined', files: {}, code: 7 },
    { name: 'are malformed', files: { 'blue/1.conf': 'x' }, code: 6 },
    { name: 'have no type', files: { 'blue/1.conf': '{}' }, code: 7 },
    { name: 'are in a file', files: { blue: 'x' }, code: 5 },
  ])('that $name are code $code', async ({ files, code }) => {
    await put({ 'x.conflist': { name: 'blue' }, ...files });
    await expect(loadConfFile(join(directory, 'x.conflist'))).rejects.toMatchObject({ code });
  });

  test('are not looked for under a name that leads elsewhere', async () => {
    await put({ 'sub/x.conflist': list('..', 'inlined'), '1.conf': { type: 'outside' } });
    expect(typesOf(await loadConfFile(join(directory, 'sub/x.conflist')))).toEqual(['inlined']);
  });
});

test('a file that cannot be read is code 5', async () => {
  await expect(loadConfFile(join(directory, 'absent.conf'))).rejects.toMatchObject({ code: 5 });
});
