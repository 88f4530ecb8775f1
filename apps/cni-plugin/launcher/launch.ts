// What the tests of the launcher share: the real executable, and daemons that behave in many ways.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const directory = fileURLToPath(new URL('.', import.meta.url));

export const LAUNCHER = join(directory, '../dist/aws-cni');
export const LAUNCHER_ASAN = join(directory, '../dist/aws-cni-asan');

/** Runs `make` for one target of the launcher's Makefile and gives what it printed. */
export async function make(target: string, ...variables: readonly string[]): Promise<string> {
  const args = ['--silent', '--directory', directory, ...variables, target];
  const { stdout } = await promisify(execFile)('make', args);
  return stdout;
}

/** Exit status of a launcher in which a sanitizer found something. */
export const SANITIZER_EXIT_CODE = 99;

/** What a launcher is given. */
export interface Launch {
  readonly program?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Bytes and then the end; `open` never ends. Default: the end at once. */
  readonly stdin?: Uint8Array | string | 'open';
  /** Redirections of a shell, such as `<&-` for a closed stdin. */
  readonly redirections?: string;
}

/** What it did with it. */
export interface Launched {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly exitCode: number | null;
}

/** As {@link launchWithLog}, without the line of the plugin's log, which goes to stderr by default. */
export async function launch(given: Launch): Promise<Launched> {
  const launched = await launchWithLog(given);
  return { ...launched, stderr: launched.stderr.replace(/^\{"level":.*\n/m, '') };
}

export async function launchWithLog({
  program = LAUNCHER,
  environment,
  stdin = '',
  redirections,
}: Launch): Promise<Launched> {
  const sanitizers = `exitcode=${SANITIZER_EXIT_CODE}`;
  const env = { ...environment, ASAN_OPTIONS: sanitizers, UBSAN_OPTIONS: sanitizers };
  const child =
    redirections === undefined
      ? spawn(program, [], { env })
      : spawn('/bin/sh', ['-c', `exec "$0" ${redirections}`, program], { env });
  const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on('data', (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.stderr.push(chunk));
  child.stdin.on('error', () => undefined); // a launcher need not read its stdin
  if (stdin !== 'open') child.stdin.end(stdin);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  child.stdin.destroy();
  return {
    stdout: Buffer.concat(output.stdout),
    stderr: Buffer.concat(output.stderr).toString(),
    exitCode,
  };
}

/** Answers a whole request; `connection` is the daemon's end. */
export type Answerer = (connection: Socket, request: Buffer) => void;

/** A run directory, at first without a daemon. */
export interface RunDirectory {
  readonly path: string;
  /** Environment of a launcher that uses it, complete for every verb. */
  environment(command: string): Record<string, string>;
  /** Starts a daemon in it; one at a time. */
  listen(answer: Answerer, options?: { readonly backlog?: number }): Promise<void>;
  /** Ends the daemon and removes the directory. */
  remove(): Promise<void>;
}

export async function makeRunDirectory(): Promise<RunDirectory> {
  const path = await mkdtemp('/tmp/aws-cni-');
  const connections = new Set<Socket>();
  let server: Server | undefined;
  return {
    path,
    environment: (command) => ({
      AWS_VPC_K8S_CNI_RUN_DIR: path,
      CNI_COMMAND: command,
      CNI_CONTAINERID: 'sbx-81',
      CNI_NETNS: '/run/netns/p7',
      CNI_IFNAME: 'eth0',
      CNI_ARGS: 'K8S_POD_NAME=cart;IgnoreUnknown=1',
      CNI_PATH: '/opt/cni/bin',
    }),
    listen: async (answer, { backlog = 511 } = {}) => {
      server = createServer({ allowHalfOpen: true }, (connection) => {
        connections.add(connection);
        connection.on('error', () => undefined); // the launcher may hang up at any time
        onRequest(connection, answer);
      });
      server.listen({ path: join(path, 'cni.sock'), backlog });
      await once(server, 'listening');
    },
    remove: async () => {
      for (const connection of connections) connection.destroy();
      if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
      await rm(path, { recursive: true, force: true });
    },
  };
}

function onRequest(connection: Socket, answer: Answerer): void {
  let received: Buffer = Buffer.alloc(0);
  let isAnswered = false;
  connection.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (isAnswered || received.length < requestLength(received)) return;
    isAnswered = true;
    answer(connection, received);
  });
}

function requestLength(received: Buffer): number {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return Number.POSITIVE_INFINITY;
  const [, length = '0'] =
    /^content-length: (\d+)$/im.exec(received.subarray(0, end).toString()) ?? [];
  return end + 4 + Number(length);
}

/** A reply as the daemon makes it. */
export const replyOf = (exitCode: number | string, body: string | Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCni-Exit-Code: ${exitCode}\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);

/** An answerer that sends these bytes and ends. */
export const answerWith =
  (bytes: Uint8Array | string): Answerer =>
  (connection) => {
    connection.end(bytes);
  };

/** The code, and everything that people read, of the error object on stdout. */
export function errorOf({ stdout }: Launched): { readonly code: number; readonly text: string } {
  const { code, msg, details, ...rest } = JSON.parse(stdout.toString());
  if (Object.keys(rest).length > 0) throw new Error(`more than an error object: ${stdout}`);
  return { code, text: `${msg}; ${details}` };
}
