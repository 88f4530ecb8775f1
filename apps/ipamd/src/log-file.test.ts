import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type LogLimits, openLogFile } from './log-file.ts';

const START_MS = Date.UTC(2026, 4, 4, 9, 30, 12);
const DAY_MS = 24 * 3_600_000;

let directory: string;
let nowMs: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-file-'));
  nowMs = START_MS;
});
afterEach(() => rm(directory, { recursive: true }));

const path = () => join(directory, 'logs/ipamd.log');
const open = (limits: LogLimits) => openLogFile(path(), limits, () => nowMs);
const names = async () => (await readdir(join(directory, 'logs'))).sort();

test('a file that is full becomes a compressed backup, with no line lost or cut', async () => {
  const log = open({ fileBytes: 12 });
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n']) {
    log.write(line);
    nowMs += 1;
  }
  await log.settled();
  expect(await names()).toEqual(['ipamd-2026-05-04T09-30-12.002.log.gz', 'ipamd.log']);
  expect(await readFile(path(), 'utf8')).toBe('three\nfour\n');
  const backup = await readFile(join(directory, 'logs/ipamd-2026-05-04T09-30-12.002.log.gz'));
  expect(gunzipSync(backup).toString()).toBe('one\ntwo\n');
});

test('a line that is longer than a file has one of its own', async () => {
  const log = open({ fileBytes: 4 });
  log.write('a long line\n');
  await log.settled();
  expect(await names()).toEqual(['ipamd.log']);
});

test('what an earlier process wrote counts, and stays', async () => {
  open({}).write('earlier\n');
  const log = open({ fileBytes: 12 });
  log.write('later\n');
  await log.settled();
  expect(await names()).toHaveLength(2);
  expect(await readFile(path(), 'utf8')).toBe('later\n');
});

test('only so many backups are kept, the newest, and nothing else is touched', async () => {
  const log = open({ fileBytes: 1, backupCount: 2 });
  log.write('0');
  await writeFile(join(directory, 'logs/ipamd-of-yesterday.log.gz'), '');
  await writeFile(join(directory, 'logs/plugin.log'), '');
  for (const line of '1234') {
    nowMs += 1_000;
    log.write(line);
  }
  await log.settled();
  expect(await names()).toEqual([
    'ipamd-2026-05-04T09-30-15.000.log.gz',
    'ipamd-2026-05-04T09-30-16.000.log.gz',
    'ipamd-of-yesterday.log.gz',
    'ipamd.log',
    'plugin.log',
  ]);
});

test('old backups go', async () => {
  const log = open({ fileBytes: 1, backupAgeMs: 30 * DAY_MS });
  for (const line of '012') {
    log.write(line);
    nowMs += 20 * DAY_MS;
  }
  log.write('3');
  await log.settled();
  expect(await names()).toEqual([
    'ipamd-2026-06-13T09-30-12.000.log.gz',
    'ipamd-2026-07-03T09-30-12.000.log.gz',
    'ipamd.log',
  ]);
});

test('a device is not renamed', async () => {
  await mkdir(join(directory, 'logs'));
  await symlink('/dev/null', path());
  const log = open({ fileBytes: 1 });
  for (const line of '012') log.write(line);
  await log.settled();
  expect(await names()).toEqual(['ipamd.log']);
});

test('a file that cannot become a backup is written on', async () => {
  const log = open({ fileBytes: 4 });
  log.write('one\n');
  await rename(join(directory, 'logs'), join(directory, 'elsewhere'));
  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  log.write('two\n');
  expect(said).toHaveBeenCalledWith(expect.stringMatching(/^the log: .*ENOENT/));
  said.mockRestore();
  expect(await readFile(join(directory, 'elsewhere/ipamd.log'), 'utf8')).toBe('one\ntwo\n');
});
