import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  answerWith,
  launch,
  launchWithLog,
  make,
  makeRunDirectory,
  type RunDirectory,
  replyOf,
} from './launch.ts';

const RESULT = '{"cniVersion":"1.0.0"}';
const REFUSAL = '{"code":11,"msg":"no \\"free\\" address","details":"ä"}';
const ROTATE_BYTES = 100 * 1024 * 1024;

let run: RunDirectory;
let file: string;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
  file = join(run.path, 'plugin.log');
});
afterEach(() => run.remove());

const linesOf = async (path: string): Promise<readonly Record<string, unknown>[]> => {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
};
const confWith = (members: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ cniVersion: '0.4.0', name: 'aws-cni', type: 'aws-cni', ...members });
const call = (command: string, members: Readonly<Record<string, unknown>> = {}) =>
  launch({
    environment: run.environment(command),
    stdin: confWith({ pluginLogFile: file, pluginLogLevel: 'Debug', ...members }),
  });

describe('the line of a call', () => {
  const common = {
    ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    caller: expect.stringMatching(/^launcher\/plugin-log\.c:\d+$/),
    containerId: 'sbx-81',
    netns: '/run/netns/p7',
    ifName: 'eth0',
    args: 'K8S_POD_NAME=cart;IgnoreUnknown=1',
    elapsedMs: expect.any(Number),
  };

  test('tells who asked for what, and what was answered', async () => {
    await run.listen(answerWith(replyOf(0, RESULT)));
    await call('ADD');
    expect(await linesOf(file)).toEqual([
      { ...common, level: 'info', msg: 'answered', command: 'ADD', exitCode: 0, output: RESULT },
    ]);
  });

  test('has the error object of a refusal, byte by byte', async () => {
    await run.listen(answerWith(replyOf(1, REFUSAL)));
    await call('ADD', { pluginLogLevel: 'error' });
    const output = Buffer.from(REFUSAL).toString('latin1');
    expect(await linesOf(file)).toEqual([
      { ...common, level: 'error', msg: 'answered', command: 'ADD', exitCode: 1, output },
    ]);
  });

  test('says why the daemon is away', async () => {
    await call('ADD');
    await call('DEL');
    const away = expect.stringContaining('No such file or directory');
    expect(await linesOf(file)).toEqual([
      {
        ...common,
        level: 'error',
        msg: 'not answered',
        command: 'ADD',
        exitCode: 1,
        away,
        output: expect.stringContaining('"code":11'),
      },
      {
        ...common,
        level: 'warn',
        msg: 'deferred',
        command: 'DEL',
        exitCode: 0,
        away,
        output: '',
      },
    ]);
  });

  test('cuts long values', async () => {
    await run.listen(answerWith(replyOf(1, 'x'.repeat(100_000))));
    const environment = { ...run.environment('ADD'), CNI_ARGS: 'y'.repeat(4096) };
    await launch({ environment, stdin: confWith({ pluginLogFile: file }) });
    expect(await linesOf(file)).toMatchObject([
      { args: 'y'.repeat(256), output: 'x'.repeat(2048) },
    ]);
  });

  test('is not written for VERSION', async () => {
    expect(await call('VERSION')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await linesOf(file)).toEqual([]);
  });

  test('stays whole when many are written at once', async () => {
    await run.listen(answerWith(replyOf(0, 'z'.repeat(2000))));
    await Promise.all(Array.from({ length: 20 }, () => call('ADD')));
    expect(await linesOf(file)).toHaveLength(20);
  });
});

describe('the level', () => {
  const outcomes = [
    { outcome: 'STATUS answered', command: 'STATUS', exitCode: 0, level: 'debug' },
    { outcome: 'CHECK answered', command: 'CHECK', exitCode: 0, level: 'debug' },
    { outcome: 'ADD answered', command: 'ADD', exitCode: 0, level: 'info' },
    { outcome: 'DEL answered', command: 'DEL', exitCode: 0, level: 'info' },
    { outcome: 'DEL deferred', command: 'DEL', exitCode: undefined, level: 'warn' },
    { outcome: 'DEL refused', command: 'DEL', exitCode: 1, level: 'error' },
    { outcome: 'ADD not answered', command: 'ADD', exitCode: undefined, level: 'error' },
  ];
  const thresholds = [
    { setting: 'Debug', from: 0 },
    { setting: 'INFO', from: 1 },
    { setting: 'warn', from: 2 },
    { setting: 'Error', from: 3 },
    { setting: 'fatal', from: 4 },
    { setting: 'loud', from: 0 },
    { setting: '', from: 0 },
    { setting: 'error'.padEnd(5000), from: 0 },
    { setting: 3, from: 0 },
  ];
  const order = ['debug', 'info', 'warn', 'error', 'fatal'];

  test.each(outcomes)('$outcome is $level', async ({ command, exitCode, level }) => {
    if (exitCode !== undefined) await run.listen(answerWith(replyOf(exitCode, '')));
    for (const { setting: pluginLogLevel, from } of thresholds) {
      await rm(file, { force: true });
      await call(command, { pluginLogLevel });
      const levels = (await linesOf(file)).map((line) => line['level']);
      expect({ pluginLogLevel, levels }).toEqual({
        pluginLogLevel,
        levels: order.indexOf(level) >= from ? [level] : [],
      });
    }
  });

  test('above debug, a success is told without its result', async () => {
    await run.listen(answerWith(replyOf(0, RESULT)));
    await call('ADD', { pluginLogLevel: 'info' });
    expect(Object.keys((await linesOf(file))[0] ?? {})).not.toContain('output');
  });
});

describe('the place', () => {
  beforeEach(() => run.listen(answerWith(replyOf(0, RESULT))));
  const answered = { stdout: Buffer.from(RESULT), exitCode: 0 };

  test.each([undefined, '', 'stderr', 'STDERR', 'stdout', 'Stdout', 7, null, '/x'.repeat(600)])(
    'is stderr, never stdout, for %j',
    async (pluginLogFile) => {
      const launched = await launchWithLog({
        environment: run.environment('ADD'),
        stdin: confWith({ pluginLogFile }),
      });
      expect(launched).toMatchObject(answered);
      expect(JSON.parse(launched.stderr)).toMatchObject({ msg: 'answered' });
    },
  );

  test('is a file for its owner only, whose directory is made', async () => {
    const path = join(run.path, 'aws-routed-eni', 'plugin.log');
    expect(await call('ADD', { pluginLogFile: path })).toMatchObject(answered);
    expect(await linesOf(path)).toHaveLength(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test.each([
    { name: 'a directory', prepare: () => mkdir(file) },
    { name: 'a pipe that nobody reads', prepare: () => promisify(execFile)('mkfifo', [file]) },
    { name: 'below a file', path: '/proc/version/plugin.log' },
    { name: 'a device that is full', path: '/dev/full' },
    { name: 'relative', path: 'no/such/directory/plugin.log' },
  ])('that is $name costs the line, not the call', async ({ prepare, path = file }) => {
    await prepare?.();
    expect(await call('ADD', { pluginLogFile: path })).toEqual({ ...answered, stderr: '' });
  });

  test('a stderr that nobody reads is waited for no longer than a second', async () => {
    const program = ['-c', 'exec 3<>"$0.fifo" 2>"$0.fifo"; head -c 65536 /dev/zero >&2; exec "$1"'];
    await promisify(execFile)('mkfifo', [`${file}.fifo`]);
    const started = performance.now();
    const child = execFile(
      '/bin/sh',
      [...program, file, join(import.meta.dirname, '../dist/aws-cni')],
      {
        env: run.environment('ADD'),
      },
    );
    child.stdin?.end(confWith({}));
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect({ exitCode, isBounded: performance.now() - started < 10_000 }).toEqual({
      exitCode: 0,
      isBounded: true,
    });
  });
});

describe('a file of 100 MB', () => {
  beforeEach(async () => {
    await run.listen(answerWith(replyOf(0, RESULT)));
    await writeFile(file, '');
    await truncate(file, ROTATE_BYTES);
    await writeFile(`${file}.1`, 'older');
  });

  test('makes way for a new one, and replaces the one before', async () => {
    await call('ADD');
    await call('DEL');
    expect(await linesOf(file)).toMatchObject([{ command: 'DEL' }]);
    expect((await stat(`${file}.1`)).size).toBeGreaterThan(ROTATE_BYTES);
  });

  test('does so once, however many find it', async () => {
    await Promise.all(Array.from({ length: 16 }, () => call('ADD')));
    expect((await stat(`${file}.1`)).size).toBeGreaterThan(ROTATE_BYTES);
    expect((await readdir(run.path)).sort()).toEqual(['cni.sock', 'plugin.log', 'plugin.log.1']);
  });
});

describe('the configuration', () => {
  beforeEach(() => run.listen(answerWith(replyOf(0, ''))));
  const given = (stdin: string) => launchWithLog({ environment: run.environment('ADD'), stdin });

  test('names the file wherever the member stands, and whatever stands around it', async () => {
    const object = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue(), { maxKeys: 5 });
    const spelling = fc.constantFrom<(text: string) => string>(
      JSON.stringify,
      (text) => JSON.stringify(text).replaceAll('/', '\\/'),
      (text) => JSON.stringify(text).replaceAll('l', '\\u006c').replaceAll('g', '\\u0067'),
    );
    await fc.assert(
      fc.asyncProperty(
        object,
        object,
        spelling,
        fc.nat(3),
        async (before, after, spell, indent) => {
          await rm(file, { force: true });
          const member = { pluginLogFile: 'HERE' };
          const inside = { more: [member], other: { pluginLogFile: '/nowhere' } };
          const json = JSON.stringify(
            { ...before, inside, ...member, inside2: inside, ...after },
            null,
            indent,
          );
          const { stderr } = await given(json.replaceAll('"HERE"', spell(file)));
          expect({ stderr, lines: (await linesOf(file)).length }).toEqual({ stderr: '', lines: 1 });
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each([
    { name: 'a member inside another one', json: () => `{"a":{"pluginLogFile":"${file}"}}` },
    { name: 'a value of that text', json: () => `{"a":"pluginLogFile","b":"${file}"}` },
    { name: 'a value that is a list', json: () => `{"pluginLogFile":["${file}"]}` },
    { name: 'one with a NUL', json: () => `{"pluginLogFile":"${file}\\u0000"}` },
    { name: 'one with half a pair', json: () => `{"pluginLogFile":"${file}\\ud800"}` },
    { name: 'one replaced later', json: () => `{"pluginLogFile":"${file}","pluginLogFile":""}` },
    { name: 'one after the end', json: () => `{}{"pluginLogFile":"${file}"}` },
    { name: 'a list', json: () => `["pluginLogFile","${file}"]` },
    { name: 'nothing', json: () => '' },
  ])('with $name means stderr', async ({ json }) => {
    const { stderr } = await given(json());
    expect(JSON.parse(stderr)).toMatchObject({ msg: 'answered' });
    expect(await linesOf(file)).toEqual([]);
  });
});
