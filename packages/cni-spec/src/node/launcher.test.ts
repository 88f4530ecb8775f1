import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { handleRequest } from '../handle-request.ts';
import { type LauncherService, parseLauncherRequest, serveLauncher } from './launcher.ts';

const handlers = {
  add: async () => ({ interfaces: [], ips: [], routes: [] }),
  del: async () => undefined,
};
const answer: LauncherService['answer'] = (request, signal) =>
  handleRequest(request, handlers, { supportedVersions: ['1.0.0'], signal });

let directory: string;
let socketPath: string;
let server: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'launcher-'));
  socketPath = join(directory, 'cni.sock');
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  await rm(directory, { recursive: true });
});

async function send(bytes: string | Uint8Array): Promise<string> {
  const socket = createConnection(socketPath);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

/** A block of the page that documents the protocol, as it is on the wire. */
async function documented(which: 'request' | 'answer'): Promise<string> {
  const page = new URL('../../../../docs/launcher-protocol.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  const block = new RegExp(`\`\`\`http ${which}\n(.*?)\n\`\`\``, 's').exec(text)?.[1];
  if (block === undefined) throw new Error(`no ${which} in ${page}`);
  const [head = '', ...body] = block.split('\n\n');
  return `${head.replaceAll('\n', '\r\n')}\r\n\r\n${body.join('\n\n')}`;
}

describe('the documented bytes', () => {
  test('are answered by the documented bytes', async () => {
    server = await serveLauncher({ socketPath, answer });
    const received = await send(await documented('request'));
    expect(received.replace(/Date: .*\r\n/, '')).toBe(await documented('answer'));
  });

  test('are read from a file', async () => {
    const bytes = Buffer.from(await documented('request'));
    expect(parseLauncherRequest(bytes)).toEqual({
      environment: {
        CNI_COMMAND: 'ADD',
        CNI_CONTAINERID: 'sbx-81',
        CNI_NETNS: '/run/netns/p7',
        CNI_IFNAME: 'eth0',
        CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAME=cart',
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: '{"cniVersion":"1.0.0","name":"blue","type":"x"}',
    });
  });

  test('are not read from a file that was cut off, wherever', async () => {
    const bytes = Buffer.from(await documented('request'));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => parseLauncherRequest(bytes.subarray(0, length))).toThrow(TypeError);
    }
  });
});

const request = (fields: string, body = '') =>
  `POST /v1/cni HTTP/1.1\r\nHost: x\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('serveLauncher', () => {
  const echo: LauncherService['answer'] = async ({ environment, stdin }) => ({
    stdout: JSON.stringify({ environment, stdin }),
    stderr: '',
    exitCode: 7,
  });

  test('hands on variables in UTF-8, whatever the case of their fields, and the exit status', async () => {
    server = await serveLauncher({ socketPath, answer: echo });
    const value = 'é'.repeat(2048);
    const received = await send(request(`CNI-ARGS: ${value}\r\ncni-netns: /n\r\nX: y\r\n`, '✓'));
    expect(received).toContain('Cni-Exit-Code: 7\r\n');
    expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toEqual({
      environment: { CNI_ARGS: value, CNI_NETNS: '/n' },
      stdin: '✓',
    });
  });

  test('begins to answer those who come together at one point, and none waits for an answer to another', async () => {
    const begun: { readonly name: string; readonly end: () => void }[] = [];
    server = await serveLauncher({
      socketPath,
      answer: async ({ stdin }) => {
        await new Promise<void>((end) => begun.push({ name: stdin, end }));
        return { stdout: stdin, stderr: '', exitCode: 0 };
      },
    });
    const first = send(request('', 'first'));
    while (begun.length < 1) await nextTurn();
    const others = Array.from({ length: 8 }, (_, index) => send(request('', `${index}`)));
    while (begun.length === 1) await nextTurn();
    expect(begun.length).toBeGreaterThan(2); // in one turn
    while (begun.length < 9) await nextTurn();
    for (const { end } of begun.toReversed()) end();
    const answers = await Promise.all([first, ...others]);
    expect(answers.map((text) => text.split('\r\n\r\n')[1])).toEqual([
      'first',
      ...others.map((_, index) => `${index}`),
    ]);
  });

  test('takes six variables of the greatest length', async () => {
    server = await serveLauncher({ socketPath, answer: echo });
    const names = ['Command', 'Containerid', 'Netns', 'Ifname', 'Args', 'Path'];
    const fields = names.map((name) => `Cni-${name}: ${'x'.repeat(4096)}\r\n`).join('');
    expect(await send(request(fields))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    { name: 'a service that serves nobody', status: 503, service: async () => undefined },
    {
      name: 'a service that fails',
      status: 500,
      service: async () => Promise.reject(new Error('broken')),
    },
  ])('answers $status for $name', async ({ status, service }) => {
    server = await serveLauncher({ socketPath, answer: service });
    expect(await send(request(''))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  test('answers 500 for a body above 1 MiB', async () => {
    server = await serveLauncher({ socketPath, answer: echo });
    expect(await send(request('', ' '.repeat(1024 * 1024 + 1)))).toMatch(/^HTTP\/1\.1 500 /);
  });

  test('leaves other paths to others', async () => {
    server = await serveLauncher({ socketPath, answer: echo });
    const other = 'GET /status HTTP/1.1\r\nHost: x\r\n\r\n';
    expect(await send(other)).toMatch(/^HTTP\/1\.1 404 /);
    server.close();
    server = await serveLauncher({
      socketPath,
      answer: echo,
      otherwise: (_, response) => response.end('fine'),
    });
    expect(await send(other)).toMatch(/^HTTP\/1\.1 200 .*fine/s);
  });

  test('tells its service when the launcher hangs up', async () => {
    const hungUp = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    server = await serveLauncher({
      socketPath,
      answer: async (_, signal) => {
        signal.addEventListener('abort', () => hungUp.resolve());
        asked.resolve();
        await hungUp.promise;
        return undefined;
      },
    });
    const socket = createConnection(socketPath);
    socket.write(request(''));
    await asked.promise;
    socket.destroy();
    await expect(hungUp.promise).resolves.toBeUndefined();
  });

  test('makes its socket for this user alone, over what a dead process left', async () => {
    await writeFile(socketPath, '');
    server = await serveLauncher({ socketPath, answer });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  });

  test('does not take a socket from a living process', async () => {
    server = await serveLauncher({ socketPath, answer });
    await expect(serveLauncher({ socketPath, answer })).rejects.toThrow(/another process serves/);
  });
});
