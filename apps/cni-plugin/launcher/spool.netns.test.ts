// The spool, and the plugin's log, on file systems that refuse: real ones, mounted for each case.
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import {
  answerWith,
  errorOf,
  launch,
  make,
  makeRunDirectory,
  type RunDirectory,
  replyOf,
} from './launch.ts';

const execute = promisify(execFile);

let run: RunDirectory;
let disk: string;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
  disk = join(run.path, 'deferred-del');
  await mkdir(disk);
});
afterEach(async () => {
  await execute('umount', [disk]);
  await run.remove();
});

/** Also again: told no source, it would repeat options of the first time, with ids a user namespace does not know. */
const mount = (options: string) => execute('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
const del = () => launch({ environment: run.environment('DEL'), stdin: 'x'.repeat(10_000) });
const fill = () => writeFile(join(disk, 'filler'), Buffer.alloc(64 * 1024)).catch(() => undefined);

const refusals = [
  {
    name: 'has no room',
    prepare: async () => {
      await mount('size=32k');
      await fill();
    },
    repair: () => rm(join(disk, 'filler')),
    reason: 'No space left on device',
  },
  {
    name: 'has room for half of it',
    prepare: () => mount('size=4k'),
    repair: () => mount('remount,size=64k'),
    reason: 'No space left on device',
  },
  {
    name: 'has no room for a name',
    prepare: () => mount('nr_inodes=1'),
    repair: () => mount('remount,nr_inodes=10'),
    reason: 'No space left on device',
  },
  {
    name: 'is read-only',
    prepare: () => mount('ro'),
    repair: () => mount('remount,rw'),
    reason: 'Read-only file system',
  },
];

test.each(refusals)(
  'a DEL for a disk that $name is error 11, leaves nothing, and is kept when repeated later',
  async ({ prepare, repair, reason }) => {
    await prepare();
    const before = await readdir(disk);
    const launched = await del();
    expect(errorOf(launched)).toEqual({ code: 11, text: expect.stringContaining(reason) });
    expect({ exitCode: launched.exitCode, files: await readdir(disk) }).toEqual({
      exitCode: 1,
      files: before,
    });
    await repair();
    expect(await del()).toMatchObject({ exitCode: 0 });
    expect(await readdir(disk)).toEqual(['sbx-81:eth0']);
  },
);

test('a DEL that does not fit leaves the one that was kept before', async () => {
  await mount('size=16k');
  expect(await del()).toMatchObject({ exitCode: 0 });
  expect(errorOf(await del())).toMatchObject({ code: 11 });
  expect(await readdir(disk)).toEqual(['sbx-81:eth0']);
});

test('a log on a full disk costs the line, not the call', async () => {
  await mount('size=16k');
  await fill();
  await run.listen(answerWith(replyOf(0, 'result')));
  const stdin = JSON.stringify({ pluginLogFile: join(disk, 'plugin.log') });
  const launched = await launch({ environment: run.environment('ADD'), stdin });
  expect(launched).toEqual({ stdout: Buffer.from('result'), stderr: '', exitCode: 0 });
});
