import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CniProcessRequest } from '@vpc-cni/cni-spec';
import { type CniAnswerer, createCniServer } from './cni-server.ts';
import { closed, listenOnSocket, makePrivateDirectory } from './listen.ts';

let root: string;
let directory: string;
let stop = async () => {};

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ipamd-'));
  directory = join(root, 'run');
  await makePrivateDirectory(directory);
});

afterEach(async () => {
  await stop();
  stop = async () => {};
  await rm(root, { recursive: true });
});

async function serve(answer: CniAnswerer): Promise<string> {
  const server = createCniServer({
    answer,
    jsonRoutes: { '/v1/echo': async (body) => ({ echoed: body }) },
  });
  const path = join(directory, 'cni.sock');
  await listenOnSocket(server, path);
  stop = () => closed(server);
  return path;
}

/** What comes back for these bytes, until the other side hangs up. */
function exchange(path: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = createConnection(path, () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (text: string) => {
      reply += text;
    });
    socket.once('end', () => resolve(reply));
    socket.once('error', reject);
  });
}

const launcherRequest = (headers: string, body: string) =>
  `POST /v1/cni HTTP/1.1\r\nHost: ipamd\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

test('headers become the environment, the body stdin, and the answer body and exit code', async () => {
  const seen: CniProcessRequest[] = [];
  const path = await serve(async (request) => {
    seen.push(request);
    return { stdout: '{"ips":[]}', stderr: '', exitCode: 7 };
  });
  const reply = await exchange(
    path,
    launcherRequest(
      'Cni-Command: ADD\r\nCni-Ifname: eth0\r\nCni-Args: K=ü;B=1\r\n',
      '{"name":"ü"}',
    ),
  );
  expect(seen).toEqual([
    {
      environment: { CNI_COMMAND: 'ADD', CNI_IFNAME: 'eth0', CNI_ARGS: 'K=ü;B=1' },
      stdin: '{"name":"ü"}',
    },
  ]);
  expect(reply).toMatch(/^HTTP\/1\.1 200 /);
  expect(reply).toMatch(/\r\nCni-Exit-Code: 7\r\n/);
  expect(reply.endsWith('\r\n\r\n{"ips":[]}')).toBe(true);
});

test('no answer is 503, so that the launcher acts as if the daemon were away', async () => {
  const path = await serve(async () => undefined);
  expect(await exchange(path, launcherRequest('Cni-Command: DEL\r\n', '{}'))).toMatch(
    /^HTTP\/1\.1 503 /,
  );
});

test('a failing handler is 500, not a hanging connection', async () => {
  const path = await serve(async () => {
    throw new Error('broken');
  });
  expect(await exchange(path, launcherRequest('', '{}'))).toMatch(/^HTTP\/1\.1 500 [\s\S]*broken$/);
});

test('an oversized body is refused', async () => {
  const path = await serve(async () => ({ stdout: '', stderr: '', exitCode: 0 }));
  const reply = await exchange(path, launcherRequest('', 'x'.repeat(1024 * 1024 + 1)));
  expect(reply).toMatch(/^HTTP\/1\.1 500 [\s\S]*longer than 1048576 bytes/);
});

test('other paths of the socket speak JSON', async () => {
  const path = await serve(async () => undefined);
  const request = launcherRequest('', '{"a":1}').replace('/v1/cni', '/v1/echo');
  expect(await exchange(path, request)).toMatch(/\r\n\r\n\{"echoed":\{"a":1\}\}$/);
});

test('a body that is no JSON is a bad request', async () => {
  const path = await serve(async () => undefined);
  const reply = await exchange(path, launcherRequest('', '{"a":').replace('/v1/cni', '/v1/echo'));
  expect(reply).toMatch(/^HTTP\/1.1 400 /);
  expect(reply).toContain('expected JSON');
});

test('the handler is told when the caller hangs up', async () => {
  let hungUp = () => {};
  const told = new Promise<void>((resolve) => {
    hungUp = resolve;
  });
  let begun = () => {};
  const began = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const path = await serve(async (_, signal) => {
    begun();
    signal.addEventListener('abort', hungUp);
    await told;
    return undefined;
  });
  const socket = createConnection(path, () => socket.write(launcherRequest('', '{}')));
  await began;
  socket.destroy();
  await told;
});

test('the socket is for its owner alone, and replaces one that was left behind', async () => {
  await writeFile(join(directory, 'cni.sock'), '');
  const path = await serve(async () => undefined);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});
