import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Health } from '../src/grpc/gen/grpc/health/v1/health_pb.ts';
import { health } from '../src/grpc/health.ts';

const program = fileURLToPath(new URL('../dist/grpc-health-probe', import.meta.url));
const run = promisify(execFile);

/** Exit status, and what it says. */
const probe = (...options: readonly string[]) =>
  run(program, options).then(
    ({ stdout }) => ({ exitCode: 0, says: stdout.trim() }),
    ({ code, stderr }) => ({ exitCode: code, says: stderr.trim() }),
  );

let directory: string;
let server: Http2Server;
let socket: string;
/** gRPC's five bytes and a message, as frames. */
let respond: readonly (readonly number[])[] = [];
let raw: Http2Server;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'probe-'));
  socket = join(directory, 'ipamd.sock');
  server = createServer(
    connectNodeAdapter({ routes: (router) => void router.service(Health, health) }),
  ).listen(socket);
  raw = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc' });
    for (const bytes of respond) response.write(Buffer.from(bytes));
    response.end();
  }).listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(raw, 'listening')]);
});
afterAll(async () => {
  server.close();
  raw.close();
  await rm(directory, { recursive: true });
});

describe('the daemon’s server', () => {
  test.each([{ service: '' }, { service: 'grpc.health.v1.aws-node' }])(
    'serves $service, as Kubernetes asks',
    async ({ service }) => {
      const options = ['-connect-timeout=5s', '-rpc-timeout=5s', `-service=${service}`];
      expect(await probe(`-addr=unix://${socket}`, ...options)).toEqual({
        exitCode: 0,
        says: 'status: SERVING',
      });
    },
  );

  test('does not serve others', async () => {
    const asked = await probe(`-addr=unix:${socket}`, '-service=other');
    expect(asked).toMatchObject({ exitCode: 3, says: expect.stringContaining('without a status') });
  });
});

describe('a server that answers', () => {
  const ok = [0, 0, 0, 0, 2, 8, 1];
  test.each([
    { what: 'SERVING in one frame', frames: [ok], exitCode: 0 },
    { what: 'SERVING byte by byte', frames: ok.map((byte) => [byte]), exitCode: 0 },
    { what: 'NOT_SERVING', frames: [[0, 0, 0, 0, 2, 8, 2]], exitCode: 4 },
    { what: 'an empty message, which is UNKNOWN', frames: [[0, 0, 0, 0, 0]], exitCode: 4 },
    { what: 'nothing', frames: [], exitCode: 3 },
    { what: 'half a message', frames: [[0, 0, 0, 0, 2, 8]], exitCode: 3 },
    { what: 'far too much', frames: [Array<number>(1000).fill(0xff)], exitCode: 3 },
  ])('$what: exit status $exitCode', async ({ frames, exitCode }) => {
    respond = frames;
    const { port } = raw.address() as AddressInfo;
    expect(await probe(`-addr=127.0.0.1:${port}`)).toMatchObject({ exitCode });
    expect(await probe(`-addr=:${port}`)).toMatchObject({ exitCode });
  });
});

test.each([
  { options: [], exitCode: 1, says: '-addr is missing' },
  { options: ['-addr=:0'], exitCode: 1, says: 'expected an IPv4 address and a port' },
  { options: ['-addr=nonsense'], exitCode: 1, says: 'expected host:port' },
  { options: ['-addr=:1', '-rpc-timeout=0s'], exitCode: 1, says: 'no duration' },
  { options: ['-addr=:1', '--tls'], exitCode: 1, says: 'unknown option --tls' },
  { options: ['-addr=unix:///nowhere'], exitCode: 2, says: 'No such file or directory' },
])('$options: exit status $exitCode', async ({ options, exitCode, says }) => {
  expect(await probe(...options)).toEqual({ exitCode, says: expect.stringContaining(says) });
});

test('a server that says nothing is given up after -rpc-timeout', async () => {
  const silent = createTcpServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const asked = await probe(`-addr=127.0.0.1:${port}`, '-rpc-timeout=50ms');
  silent.close();
  expect(asked).toEqual({ exitCode: 3, says: 'grpc-health-probe: no answer in time' });
});
