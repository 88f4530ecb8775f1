import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  answerWith,
  errorOf,
  launch,
  make,
  makeRunDirectory,
  type RunDirectory,
  replyOf,
} from './launch.ts';

const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
const MIB = 1024 * 1024;

let run: RunDirectory;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
});
afterEach(() => run.remove());

test('stays below its limits of size and lines', async () => {
  expect(await make('size')).toMatch(/^launcher: \d+ bytes .*, \d+ lines /);
});

test('the build says what to install when there is no musl-gcc', async () => {
  const failed = make('all', '--always-make', 'MUSL_CC=musl-gcc-absent');
  await expect(failed).rejects.toThrow(/musl-gcc-absent is missing; .*apt-get install musl-tools/);
});

describe('without the daemon', () => {
  const info = `{"cniVersion":"1.1.0","supportedVersions":${JSON.stringify(VERSIONS)}}\n`;
  test.each([
    { name: 'with no stdin', stdin: '' },
    { name: 'with garbage on stdin', stdin: '\0}{' },
    { name: 'with a stdin that never ends', stdin: 'open' },
  ])('VERSION is answered $name', async ({ stdin }) => {
    const launched = await launch({ environment: { CNI_COMMAND: 'VERSION' }, stdin });
    expect(launched).toEqual({ stdout: Buffer.from(info), stderr: '', exitCode: 0 });
  });

  test('VERSION is answered whatever the other variables are', async () => {
    const environment = {
      ...run.environment('VERSION'),
      CNI_CONTAINERID: '../..\n',
      CNI_ARGS: '=',
    };
    expect((await launch({ environment })).stdout.toString()).toBe(info);
  });

  test.each([{}, { CNI_COMMAND: '' }])(
    'says what it is when executed with %j',
    async (environment) => {
      const { stdout, stderr, exitCode } = await launch({ environment, stdin: 'open' });
      expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: '', exitCode: 0 });
      expect(stderr).toMatch(/^AWS CNI \d+\.\d+\.\d+\n/);
      expect(stderr).toContain(VERSIONS.join(', '));
    },
  );
});

describe('the request', () => {
  const received = async (environment: Record<string, string>, stdin: Uint8Array | string) => {
    let bytes: Buffer = Buffer.alloc(0);
    await run.listen((connection, request) => {
      bytes = request;
      connection.end(replyOf(0, ''));
    });
    const { exitCode } = await launch({ environment, stdin });
    expect(exitCode).toBe(0);
    return bytes;
  };

  test('is the environment as headers and stdin as the body, byte for byte', async () => {
    const stdin = Buffer.from([0, 1, 13, 10, 13, 10, 0xff, 0xfe, ...Buffer.from('{"é":1}\n')]);
    const expected = [
      'POST /v1/cni HTTP/1.1',
      'Host: ipamd',
      'Cni-Command: ADD',
      'Cni-Containerid: sbx-81',
      'Cni-Netns: /run/netns/p7',
      'Cni-Ifname: eth0',
      'Cni-Args: K8S_POD_NAME=cart;IgnoreUnknown=1',
      'Cni-Path: /opt/cni/bin',
      `Content-Length: ${stdin.length}`,
      'Connection: close',
      '',
      '',
    ].join('\r\n');
    const bytes = await received(run.environment('ADD'), stdin);
    expect(bytes).toEqual(Buffer.concat([Buffer.from(expected), stdin]));
  });

  test('leaves out variables that are not set or empty', async () => {
    const { CNI_PATH: _, ...environment } = run.environment('GC');
    const bytes = await received({ ...environment, CNI_NETNS: '', CNI_ARGS: '' }, '');
    expect(bytes.toString()).not.toMatch(/^Cni-(Netns|Args|Path):/m);
  });

  test('carries variables of 4096 bytes and any byte above 127', async () => {
    const args = `ü${'x'.repeat(4094)}`;
    const bytes = await received({ ...run.environment('ADD'), CNI_ARGS: args }, '');
    expect(bytes.toString()).toContain(`\r\nCni-Args: ${args}\r\n`);
  });

  test('carries a stdin of exactly 1 MiB', async () => {
    const stdin = Buffer.alloc(MIB, 'x');
    const bytes = await received(run.environment('ADD'), stdin);
    expect(bytes.subarray(-MIB).equals(stdin)).toBe(true);
  });
});

describe('the reply', () => {
  const printed = async (reply: Uint8Array | string) => {
    await run.listen(answerWith(reply));
    return launch({ environment: run.environment('ADD'), stdin: '{}' });
  };

  test.each([0, 1, 7, 255])('decides on exit status %i', async (exitCode) => {
    expect((await printed(replyOf(exitCode, ''))).exitCode).toBe(exitCode);
  });

  test.each([
    { name: 'text without newline', body: Buffer.from('{"cniVersion":"1.0.0"}') },
    { name: 'any bytes', body: Buffer.from([0, 255, 13, 10, 13, 10, 0]) },
    { name: 'as much as 1 MiB', body: Buffer.alloc(MIB, 'y') },
    { name: 'nothing', body: Buffer.alloc(0) },
  ])('is printed exactly: $name', async ({ body }) => {
    const { stdout, stderr, exitCode } = await printed(replyOf(3, body));
    expect({ isSame: stdout.equals(body), stderr, exitCode }).toEqual({
      isSame: true,
      stderr: '',
      exitCode: 3,
    });
  });

  test.each([
    { name: 'ends with the connection when it has no length', text: 'Cni-Exit-Code: 0\r\n\r\nabc' },
    { name: 'ends at its length', text: 'Cni-Exit-Code: 0\r\nContent-Length: 3\r\n\r\nabcdef' },
    {
      name: 'may spell headers its own way',
      text: 'cni-EXIT-code:0  \r\nContent-length:\t3\r\n\r\nabc',
    },
  ])('$name', async ({ text }) => {
    const { stdout, exitCode } = await printed(`HTTP/1.1 200 OK\r\n${text}`);
    expect({ stdout: stdout.toString(), exitCode }).toEqual({ stdout: 'abc', exitCode: 0 });
  });

  test('may come byte by byte, and the connection may stay open after it', async () => {
    await run.listen(async (connection) => {
      connection.setNoDelay(true);
      for (const byte of replyOf(4, 'slow')) {
        connection.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
    });
    const launched = await launch({ environment: run.environment('ADD') });
    expect(launched).toEqual({ stdout: Buffer.from('slow'), stderr: '', exitCode: 4 });
  });

  test('comes to every launcher, even when the backlog of the socket was full', async () => {
    await run.listen(answerWith(replyOf(0, 'ok')), { backlog: 1 });
    const launched = Array.from({ length: 8 }, () =>
      launch({ environment: run.environment('ADD') }),
    );
    // The daemon's event loop is busy: nobody accepts.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const outputs = (await Promise.all(launched)).map(({ stdout }) => stdout.toString());
    expect(outputs).toEqual(Array(8).fill('ok'));
  });

  test.each(['>&-', '>/dev/full'])(
    'that cannot be printed (%s) is exit status 1',
    async (redirections) => {
      await run.listen(answerWith(replyOf(0, 'result')));
      const { exitCode } = await launch({ environment: run.environment('ADD'), redirections });
      expect(exitCode).toBe(1);
    },
  );
});

describe('what it refuses itself', () => {
  test.each([
    { name: 'a line feed', value: 'a\nCni-Command: DEL' },
    { name: 'a carriage return', value: 'a\rb' },
    { name: 'a tab', value: 'a\tb' },
    { name: 'an escape', value: '\x1b[0m' },
    { name: 'a delete character', value: 'a\x7f' },
    { name: 'a blank in front, which HTTP would lose', value: ' a' },
    { name: 'a blank at the end', value: 'a ' },
    { name: '4097 bytes', value: 'x'.repeat(4097) },
  ])('a variable with $name is error 4 that names the variable', async ({ value }) => {
    const variables = [
      'CNI_COMMAND',
      'CNI_CONTAINERID',
      'CNI_NETNS',
      'CNI_IFNAME',
      'CNI_ARGS',
      'CNI_PATH',
    ];
    for (const variable of variables) {
      const launched = await launch({
        environment: { ...run.environment('ADD'), [variable]: value },
      });
      expect(errorOf(launched)).toEqual({ code: 4, text: expect.stringContaining(variable) });
      expect(launched.exitCode).toBe(1);
    }
  });

  test.each([
    {
      name: 'longer than 1 MiB',
      stdin: Buffer.alloc(MIB + 1),
      limit: {},
      text: /stdin.*exceeds 1048576 bytes/,
    },
    {
      name: 'not ended in time',
      stdin: 'open',
      limit: { AWS_VPC_K8S_CNI_TIMEOUT_MS: '150' },
      text: /stdin.*timed out/i,
    },
  ])('a stdin $name is error 5', async ({ stdin, limit, text }) => {
    await run.listen(answerWith(replyOf(0, '')));
    const launched = await launch({ environment: { ...run.environment('ADD'), ...limit }, stdin });
    expect(errorOf(launched)).toEqual({ code: 5, text: expect.stringMatching(text) });
    expect(launched.exitCode).toBe(1);
  });

  test('a stdin that cannot be read is error 5', async () => {
    const launched = await launch({ environment: run.environment('ADD'), redirections: '</' });
    expect(errorOf(launched)).toEqual({ code: 5, text: expect.stringContaining('Is a directory') });
  });
});
