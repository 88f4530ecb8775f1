import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { CancelSignal } from '../cancel-signal.ts';
import type { PluginHandlers } from '../plugin-handlers.ts';
import { isOwnNetns, type PluginProcess, runPlugin } from './plugin.ts';

const options = { supportedVersions: ['1.0.0'], about: 'A plugin' };
const environment = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'sbx-81',
  CNI_NETNS: '/absent/netns',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};
const conf = '{"cniVersion":"1.0.0","name":"blue","type":"x"}';
const handlers = {
  add: async () => ({ interfaces: [], ips: [{ address: '192.0.2.1/24' }], routes: [] }),
  del: async () => undefined,
};

/** A process in memory. */
async function run(
  env: PluginProcess['env'],
  stdin: Iterable<unknown> | AsyncIterable<unknown>,
  {
    stdoutError,
    plugin = () => handlers,
  }: {
    readonly stdoutError?: Error;
    readonly plugin?: (process: PluginProcess) => PluginHandlers;
  } = {},
) {
  const sink = (error?: Error) => {
    const chunks: Buffer[] = [];
    const write = (chunk: Buffer, _: unknown, done: (error?: Error) => void) => {
      chunks.push(chunk);
      done(error);
    };
    return { stream: new Writable({ write }), text: () => Buffer.concat(chunks).toString() };
  };
  const [stdout, stderr] = [sink(stdoutError), sink()];
  const inMemory: PluginProcess = {
    env,
    stdin: Readable.from(stdin),
    stdout: stdout.stream,
    stderr: stderr.stream,
  };
  await runPlugin(plugin(inMemory), options, inMemory);
  return {
    stdout: stdout.text(),
    stderr: stderr.text(),
    exitCode: inMemory.exitCode,
    printed: stdout.text,
  };
}

describe('runPlugin', () => {
  test('prints the result', async () => {
    const { stdout, stderr, exitCode } = await run(environment, [Buffer.from(conf)]);
    expect({ result: JSON.parse(stdout), stderr, exitCode }).toEqual({
      result: { cniVersion: '1.0.0', ips: [{ address: '192.0.2.1/24' }] },
      stderr: '',
      exitCode: 0,
    });
  });

  test('puts together characters that arrive in two pieces', async () => {
    const bytes = Buffer.from(conf.replace('"x"', '"é"'));
    const cut = bytes.indexOf(0xc3) + 1;
    const { exitCode } = await run(environment, [bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(exitCode).toBe(0);
  });

  test('does not read stdin when variables are missing', async () => {
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const { stdout, exitCode } = await run({ ...environment, CNI_PATH: '' }, never);
    expect({ code: JSON.parse(stdout).code, exitCode }).toEqual({ code: 4, exitCode: 1 });
  });

  test('says what it is on stderr', async () => {
    const { stdout, stderr, exitCode } = await run({}, []);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(stderr).toMatch(/^A plugin\n/);
  });

  const failing = async function* () {
    yield conf;
    throw new Error('EIO: i/o error, read');
  };
  test.each([
    { name: 'that cannot be read', stdin: failing(), details: /EIO/ },
    {
      name: 'above 1 MiB',
      stdin: [Buffer.alloc(1024 * 1024), 'x'],
      details: /longer than 1048576 bytes/,
    },
  ])('answers a stdin $name with code 5', async ({ stdin, details }) => {
    const { stdout, exitCode } = await run(environment, stdin);
    expect(JSON.parse(stdout)).toEqual({
      code: 5,
      msg: 'cannot read stdin',
      details: expect.stringMatching(details),
    });
    expect(exitCode).toBe(1);
  });

  test('leads to stderr what a handler writes to stdout, also after the result', async () => {
    let logLate: (text: string) => unknown = () => {};
    const { stdout, stderr, printed } = await run(environment, [conf], {
      plugin: (process) => ({
        ...handlers,
        add: () => {
          logLate = (text) => process.stdout.write(text);
          process.stdout.write('adding\n');
          return handlers.add();
        },
      }),
    });
    expect(JSON.parse(stdout)).toHaveProperty('ips');
    expect(stderr).toBe('adding\n');
    logLate('late');
    expect(printed()).toBe(stdout);
  });

  test('exits 1 when nobody reads its result', async () => {
    const { exitCode } = await run(environment, [conf], { stdoutError: new Error('EPIPE') });
    expect(exitCode).toBe(1);
  });

  test('refuses its own network namespace', async () => {
    const own = { ...environment, CNI_NETNS: '/proc/self/ns/net' };
    const { stdout } = await run(own, [conf]);
    expect(JSON.parse(stdout).code).toBe(8);
  });
});

test.each([
  { path: '/proc/self/ns/net', isOwn: true },
  { path: `/proc/${process.pid}/task/${process.pid}/ns/net`, isOwn: true },
  { path: '/proc/self/ns/mnt', isOwn: false },
  { path: '/absent/netns', isOwn: false },
])('isOwnNetns($path) is $isOwn', ({ path, isOwn }) => {
  expect(isOwnNetns(path)).toBe(isOwn);
});

describe('SIGTERM', () => {
  /** A plugin that is terminated while it waits, in a process with signals. */
  async function terminate(add: PluginHandlers['add'], signal?: AbortSignal) {
    const signals = new EventEmitter();
    const stdout = new PassThrough();
    const inMemory: PluginProcess = {
      env: environment,
      stdin: Readable.from([conf]),
      stdout,
      stderr: new PassThrough(),
      once: (event, listener) => signals.once(event, listener),
      off: (event, listener) => signals.off(event, listener),
    };
    const started = Promise.withResolvers<void>();
    const running = runPlugin(
      {
        ...handlers,
        add: (request) => {
          started.resolve();
          return add(request);
        },
      },
      { ...options, ...(signal === undefined ? {} : { signal }) },
      inMemory,
    );
    await started.promise;
    signals.emit('SIGTERM');
    const listenersLeft = signals.listenerCount('SIGTERM');
    await running;
    return {
      exitCode: inMemory.exitCode,
      output: JSON.parse(String(stdout.read())),
      listenersLeft,
    };
  }
  const untilAborted = (signal: CancelSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

  test('aborts the handler’s signal; its reason is printed as code 11', async () => {
    const outcome = await terminate(async ({ signal }) => {
      await untilAborted(signal);
      throw signal.reason;
    });
    expect(outcome).toMatchObject({ exitCode: 1, output: { code: 11 } });
  });

  test('lets the handler finish, and leaves the next SIGTERM to the system', async () => {
    const outcome = await terminate(async (request) => {
      await untilAborted(request.signal);
      return handlers.add();
    });
    expect(outcome).toMatchObject({
      exitCode: 0,
      output: { cniVersion: '1.0.0' },
      listenersLeft: 0,
    });
  });

  test('is left to the system after the answer', async () => {
    const signals = new EventEmitter();
    let listenersInHandler = 0;
    const add = () => {
      listenersInHandler = signals.listenerCount('SIGTERM');
      return handlers.add();
    };
    await runPlugin({ ...handlers, add }, options, {
      env: environment,
      stdin: Readable.from([conf]),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      once: (event, listener) => signals.once(event, listener),
      off: (event, listener) => signals.off(event, listener),
    });
    expect([listenersInHandler, signals.listenerCount('SIGTERM')]).toEqual([1, 0]);
  });

  test('does not take the place of the caller’s signal', async () => {
    const caller = new AbortController();
    let isHeard = false;
    await terminate(async ({ signal }) => {
      signal.addEventListener('abort', () => {
        isHeard = signal.reason === 'enough';
      });
      caller.abort('enough');
      return handlers.add();
    }, caller.signal);
    expect(isHeard).toBe(true);
  });
});

describe('as a program', () => {
  const program = fileURLToPath(new URL('.plugin-under-test.ts', import.meta.url));
  const args = ['--conditions=@vpc-cni/source', '--disable-warning=ExperimentalWarning', program];
  beforeAll(() =>
    writeFile(
      program,
      `import { runPlugin } from '@vpc-cni/cni-spec/plugin';
      const routes = Array.from({ length: 5000 }, (_, i) => ({ dst: \`10.0.\${i >> 8}.\${i & 255}/32\` }));
      const waiting = (signal) => new Promise((_, reject) => {
        const keepAlive = setInterval(() => {}, 60_000);
        signal.addEventListener('abort', () => (clearInterval(keepAlive), reject(signal.reason)));
        console.log('waiting');
      });
      await runPlugin(
        {
          add: async () => (console.log('a log'), { interfaces: [], ips: [], routes }),
          del: async ({ signal }) => waiting(signal),
        },
        { supportedVersions: ['1.0.0'] },
      );`,
    ),
  );
  afterAll(() => rm(program, { force: true }));

  let child: ChildProcessWithoutNullStreams;
  const start = (env: Readonly<Record<string, string>>) => {
    child = spawn(process.execPath, args, { env });
    return child;
  };
  afterEach(() => void child.kill('SIGKILL')); // whatever the test found

  test('prints a result larger than a pipe, whole', async () => {
    const child = start(environment);
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stdin.end(conf);
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(JSON.parse(stdout).routes).toHaveLength(5000);
  });

  test('answers SIGTERM when its handler does', async () => {
    const env = { ...environment, CNI_COMMAND: 'DEL' };
    const child = start(env);
    const closed = once(child, 'close');
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stdin.end(conf);
    await once(child.stderr, 'data'); // its handler runs: it logs, and logs come here
    child.kill('SIGTERM');
    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(stdout)).toMatchObject({ code: 11 });
  });

  test('is ended by SIGTERM while it waits for stdin', async () => {
    const child = start(environment);
    const closed = once(child, 'close');
    await once(child, 'spawn');
    child.kill('SIGTERM');
    expect(await closed).toEqual([null, 'SIGTERM']);
  });

  test('exits 1, without a stack trace, when its reader has gone', async () => {
    const child = start(environment);
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdin.end(conf);
    const [exitCode] = await once(child, 'close');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: 'a log\n' });
  });

  test('answers VERSION while stdin stays open', async () => {
    const child = start({ CNI_COMMAND: 'VERSION' });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(stdout).toBe('{"cniVersion":"1.1.0","supportedVersions":["1.0.0"]}\n');
  });
});
