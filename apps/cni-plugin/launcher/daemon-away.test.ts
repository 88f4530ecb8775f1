import { once } from 'node:events';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
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

let run: RunDirectory;
beforeAll(() => make('all'));
beforeEach(async () => {
  run = await makeRunDirectory();
});
afterEach(() => run.remove());

const says = (reply: string) => () => run.listen(answerWith(reply));
const ok = (rest: string) => says(`HTTP/1.1 200 OK\r\n${rest}`);

/** A socket file that nobody listens on, as a daemon leaves it that was killed. */
async function leaveDeadSocket(): Promise<void> {
  const server = createServer().listen(join(run.path, 'alive.sock'));
  await once(server, 'listening');
  // Closing would unlink the name it was bound to, so the file gets another one.
  await rename(join(run.path, 'alive.sock'), join(run.path, 'cni.sock'));
  await new Promise((resolve) => server.close(resolve));
}

const manners: readonly {
  readonly name: string;
  readonly prepare: () => Promise<unknown>;
  readonly reason: RegExp;
}[] = [
  { name: 'has no socket', prepare: async () => {}, reason: /No such file or directory/ },
  { name: 'was killed', prepare: leaveDeadSocket, reason: /Connection refused/ },
  {
    name: 'has a plain file for a socket',
    prepare: () => writeFile(join(run.path, 'cni.sock'), ''),
    reason: /Connection refused/,
  },
  { name: 'accepts and hangs', prepare: () => run.listen(() => {}), reason: /timed out/ },
  {
    name: 'hangs in the middle of its answer',
    prepare: () => run.listen((connection) => connection.write(replyOf(0, 'abc').subarray(0, -1))),
    reason: /timed out/,
  },
  {
    name: 'hangs up without an answer',
    prepare: () => run.listen((connection) => connection.end()),
    reason: /hung up after 0 bytes/,
  },
  {
    name: 'hangs up in the middle of its answer',
    prepare: () => run.listen(answerWith(replyOf(0, 'abc').subarray(0, -1))),
    reason: /hung up after \d+ bytes/,
  },
  {
    name: 'is starting',
    prepare: says('HTTP/1.1 503 Service Unavailable\r\nCni-Exit-Code: 0\r\n\r\n'),
    reason: /it answered HTTP\/1\.1 503 Service Unavailable/,
  },
  { name: 'speaks HTTP/1.0', prepare: says('HTTP/1.0 200 OK\r\n\r\n'), reason: /HTTP\/1\.0 200/ },
  { name: 'answers status 2000', prepare: says('HTTP/1.1 2000 OK\r\n\r\n'), reason: /2000/ },
  { name: 'talks nonsense', prepare: says('"\\\x01<\r\n\r\n'), reason: /it answered "\\.</ },
  {
    name: 'talks nonsense without end',
    prepare: says('x'.repeat(100_000)),
    reason: /is not HTTP/,
  },
  { name: 'gives no exit status', prepare: ok('Content-Length: 0\r\n\r\n'), reason: /headers/ },
  {
    name: 'gives an exit status of 256',
    prepare: ok('Cni-Exit-Code: 256\r\n\r\n'),
    reason: /headers/,
  },
  {
    name: 'gives an exit status below 0',
    prepare: ok('Cni-Exit-Code: -1\r\n\r\n'),
    reason: /headers/,
  },
  {
    name: 'gives a length below 0',
    prepare: ok('Cni-Exit-Code: 0\r\nContent-Length: -1\r\n\r\n'),
    reason: /headers/,
  },
  {
    name: 'gives a length above 1 MiB',
    prepare: ok('Cni-Exit-Code: 0\r\nContent-Length: 1048577\r\n\r\n'),
    reason: /headers/,
  },
  {
    name: 'sends chunks',
    prepare: ok('Cni-Exit-Code: 0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n'),
    reason: /headers/,
  },
  {
    name: 'sends more than 1 MiB',
    prepare: ok(`Cni-Exit-Code: 0\r\n\r\n${'x'.repeat(1024 * 1024 + 1)}`),
    reason: /too long/,
  },
];

/** Only where a time-out is what is expected; a busy machine must not make another one. */
const SHORT = { AWS_VPC_K8S_CNI_TIMEOUT_MS: '300' };
const isTimeOut = /timed out/;

const failing = [
  { command: 'ADD', code: 11 },
  { command: 'CHECK', code: 11 },
  { command: 'GC', code: 11 },
  { command: 'STATUS', code: 50 },
];

describe.each(manners)('a daemon that $name', ({ prepare, reason }) => {
  const attempt = async (command: string) => {
    await prepare();
    const limit = isTimeOut.test(reason.source) ? SHORT : {};
    return launch({ environment: { ...run.environment(command), ...limit }, stdin: '{}' });
  };

  test.each(failing)('is error $code for $command', async ({ command, code }) => {
    const launched = await attempt(command);
    const { code: printedCode, text } = errorOf(launched);
    expect({ code: printedCode, exitCode: launched.exitCode }).toEqual({ code, exitCode: 1 });
    expect(text).toMatch(reason);
    expect(text).toContain(join(run.path, 'cni.sock'));
    expect(text).toContain('kubectl -n kube-system logs ds/aws-node');
  });

  test('is error 4 for an unknown command', async () => {
    const launched = await attempt('FROB"NICATE');
    expect(errorOf(launched)).toEqual({ code: 4, text: expect.stringContaining('FROB"NICATE') });
    expect(launched.exitCode).toBe(1);
  });

  test('has the DEL deferred', async () => {
    const launched = await attempt('DEL');
    expect(launched).toEqual({ stdout: Buffer.alloc(0), stderr: '', exitCode: 0 });
    expect(await readdir(join(run.path, 'deferred-del'))).toEqual(['sbx-81:eth0']);
  });
});

test('a run directory too long for a socket address is a daemon away', async () => {
  const environment = {
    ...run.environment('ADD'),
    AWS_VPC_K8S_CNI_RUN_DIR: `/${'x'.repeat(3000)}`,
  };
  expect(errorOf(await launch({ environment }))).toEqual({
    code: 11,
    text: expect.stringContaining('too long for a socket'),
  });
});

test.each(['0', '-5', 'soon', '99999999999999999999999', ''])(
  'a limit of %j does not count',
  async (limit) => {
    await run.listen(answerWith(replyOf(0, 'ok')));
    const environment = { ...run.environment('ADD'), AWS_VPC_K8S_CNI_TIMEOUT_MS: limit };
    expect((await launch({ environment })).stdout.toString()).toBe('ok');
  },
);
