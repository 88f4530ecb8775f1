import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPluginExecutor } from './plugin-executor.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plugin-executor-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A shell script as a plugin. */
async function script(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

const executor = createPluginExecutor({ environment: { INHERITED: 'a', CNI_ARGS: 'old' } });

describe('an executed plugin', () => {
  test('gets stdin, and its variables on top of the inherited ones', async () => {
    const path = await script('echo', 'echo "$INHERITED $CNI_COMMAND $CNI_ARGS $#"; /bin/cat');
    const environment = { CNI_COMMAND: 'ADD', CNI_ARGS: 'new' };
    expect(await executor.execute({ path, environment, stdin: '{"é":1}' })).toEqual({
      stdout: 'a ADD new 0\n{"é":1}',
      stderr: '',
      exitCode: 0,
      signal: null,
    });
  });

  test.each([
    { how: 'exit 3', exitCode: 3, signal: null },
    { how: 'kill -TERM $$', exitCode: null, signal: 'SIGTERM' },
  ])('may end by $how', async ({ how, exitCode, signal }) => {
    const path = await script('end', `echo out; echo err >&2; ${how}`);
    const exit = await executor.execute({ path, environment: {}, stdin: '' });
    expect(exit).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode, signal });
  });

  test('need not read its stdin', async () => {
    const path = await script('deaf', 'exec </dev/null; echo done');
    const stdin = ' '.repeat(1024 * 1024);
    expect(await executor.execute({ path, environment: {}, stdin })).toMatchObject({ exitCode: 0 });
  });

  test('may print without end: one byte over 1 MiB is kept, and 64 KiB of stderr', async () => {
    const path = await script(
      'loud',
      'h=/usr/bin/head; $h -c 3000000 /dev/zero; $h -c 3000000 /dev/zero >&2',
    );
    const { stdout, stderr } = await executor.execute({ path, environment: {}, stdin: '' });
    expect([stdout.length, stderr.length]).toEqual([1024 * 1024 + 1, 64 * 1024]);
  });

  test('is killed when nobody waits any more, even if a child of it holds its pipes', async () => {
    const cancelled = new AbortController();
    const path = await script(
      'slow',
      `/bin/sleep 60 & echo $! >${directory}/child; echo ready; wait`,
    );
    const executing = executor.execute({
      path,
      environment: {},
      stdin: '',
      signal: cancelled.signal,
    });
    const child = await pidIn(join(directory, 'child'));
    cancelled.abort();
    expect(await executing).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
    process.kill(child);
  });

  test('is not even started when nobody waits', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    const execution = { path: '/bin/true', environment: {}, stdin: '', signal };
    await expect(executor.execute(execution)).rejects.toThrow('too late');
  });
});

async function pidIn(path: string): Promise<number> {
  for (;;) {
    const file = await open(path).catch(() => undefined);
    const text = await file?.readFile('utf8');
    await file?.close();
    if (text?.endsWith('\n')) return Number(text);
  }
}

describe('a file that is being written', () => {
  test('is tried again until it is whole', async () => {
    const path = await script('busy', 'echo done');
    const writer = await open(path, 'r+');
    const closing: Promise<void>[] = [];
    let tries = 0;
    const patient = createPluginExecutor({ busyDelayMs: 1 });
    const environment = {
      get CNI_COMMAND() {
        tries += 1;
        if (tries === 4) closing.push(writer.close());
        return 'ADD';
      },
    };
    expect(await patient.execute({ path, environment, stdin: '' })).toMatchObject({ exitCode: 0 });
    expect(tries).toBeGreaterThanOrEqual(4);
    await Promise.all(closing);
  });

  test('is given up after six tries', async () => {
    const path = await script('always-busy', 'echo done');
    const writer = await open(path, 'r+');
    let tries = 0;
    const environment = {
      get CNI_COMMAND() {
        tries += 1;
        return 'ADD';
      },
    };
    const executing = createPluginExecutor({ busyDelayMs: 1 }).execute({
      path,
      environment,
      stdin: '',
    });
    await expect(executing).rejects.toMatchObject({ code: 'ETXTBSY' });
    expect(tries).toBe(6);
    await writer.close();
  });
});

test('what cannot be executed is an error', async () => {
  const execution = { path: join(directory, 'absent'), environment: {}, stdin: '' };
  await expect(executor.execute(execution)).rejects.toMatchObject({ code: 'ENOENT' });
});
