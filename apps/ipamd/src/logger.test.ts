import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const run = promisify(execFile);
const logger = new URL('./logger.ts', import.meta.url).href;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Logs one line of each level in a process of its own, whose streams can be looked at. */
async function log(options: { readonly file: string; readonly level: string }) {
  const program = `
    const { createLogger } = await import(${JSON.stringify(logger)});
    const log = createLogger(${JSON.stringify(options)});
    for (const level of ['debug', 'info', 'warn']) log[level]('a ' + level);`;
  const { stdout, stderr } = await run(process.execPath, [
    '--input-type=module',
    '--eval',
    program,
  ]);
  return { stdout: lines(stdout), stderr: lines(stderr) };
}

const lines = (text: string): readonly Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const messages = (of: readonly Record<string, unknown>[]) => of.map(({ msg }) => msg);

test.each([
  ['stdout', 'info', { stdout: ['a info', 'a warn'], stderr: [] }],
  ['STDERR', 'warn', { stdout: [], stderr: ['a warn'] }],
  ['stdout', 'loud', { stdout: ['a debug', 'a info', 'a warn'], stderr: [] }],
])('a log to %s from level %s on', async (file, level, expected) => {
  const { stdout, stderr } = await log({ file, level });
  expect({ stdout: messages(stdout), stderr: messages(stderr) }).toEqual(expected);
});

test('a log to a file, whose directory is made', async () => {
  const file = join(directory, 'aws-routed-eni/ipamd.log');
  expect(await log({ file, level: 'warn' })).toEqual({ stdout: [], stderr: [] });
  expect(lines(await readFile(file, 'utf8'))).toEqual([
    { level: 'warn', ts: expect.stringMatching(/^\d{4}-.*Z$/), msg: 'a warn' },
  ]);
});

test('a file that cannot be written is named, and its lines go to stderr', async () => {
  await writeFile(join(directory, 'plain'), '');
  const { stdout, stderr } = await log({ file: join(directory, 'plain/ipamd.log'), level: 'warn' });
  expect(stdout).toEqual([]);
  expect(stderr).toMatchObject([
    {
      variable: 'AWS_VPC_K8S_CNI_LOG_FILE',
      msg: expect.stringMatching(/cannot be written.*stdout$/),
    },
    { msg: 'a warn' },
  ]);
});
