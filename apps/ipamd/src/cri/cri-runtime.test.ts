// A CRI server by another gRPC implementation than the client's, over a real socket.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as NetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type DescMethodUnary, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readConfig } from '../config.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createCriRuntime } from './cri-runtime.ts';
import { findRuntime } from './find-runtime.ts';
import { PodSandboxState, RuntimeService } from './gen/runtime/v1/api_pb.ts';

type Message = Record<string, unknown>;
type Answer = (request: Message) => Message | Promise<Message>;

let directory: string;
let socketPath: string;
let server: Server;
let mute: NetServer | undefined;
let answers: Record<'version' | 'listPodSandbox' | 'podSandboxStatus', Answer>;
const { signal } = new AbortController();

const { SANDBOX_READY, SANDBOX_NOTREADY } = PodSandboxState;
const sandboxes = [
  {
    id: 'a',
    metadata: { name: 'web-0', uid: 'u', namespace: 'shop', attempt: 1 },
    state: SANDBOX_READY,
  },
  { id: 'b', metadata: { name: 'web-1', namespace: 'shop' }, state: SANDBOX_NOTREADY },
];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cri-'));
  socketPath = join(directory, 'containerd.sock');
  answers = {
    version: () => ({ runtimeName: 'containerd', runtimeVersion: '1.6.20' }),
    listPodSandbox: () => ({ items: sandboxes }),
    podSandboxStatus: ({ podSandboxId }) => ({
      status: { id: podSandboxId, network: { ip: podSandboxId === 'a' ? '10.0.0.17' : '' } },
    }),
  };
  server = new Server();
  const { version, listPodSandbox, podSandboxStatus } = RuntimeService.method;
  server.addService(
    {
      version: definitionOf(version),
      listPodSandbox: definitionOf(listPodSandbox),
      podSandboxStatus: definitionOf(podSandboxStatus),
    },
    {
      version: answering('version'),
      listPodSandbox: answering('listPodSandbox'),
      podSandboxStatus: answering('podSandboxStatus'),
    },
  );
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
});
afterEach(async () => {
  server.forceShutdown();
  mute?.close();
  mute = undefined;
  await rm(directory, { recursive: true });
});

const definitionOf = ({ parent, name, input, output }: DescMethodUnary) => ({
  path: `/${parent.typeName}/${name}`,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (request: Message) => Buffer.from(toBinary(input, create(input, request))),
  requestDeserialize: (bytes: Buffer) => fromBinary(input, bytes) as unknown as Message,
  responseSerialize: (reply: Message) => Buffer.from(toBinary(output, create(output, reply))),
  responseDeserialize: (bytes: Buffer) => fromBinary(output, bytes) as unknown as Message,
});

const answering =
  (method: keyof typeof answers) =>
  ({ request }: ServerUnaryCall<Message, Message>, reply: sendUnaryData<Message>) => {
    new Promise<Message>((resolve) => resolve(answers[method](request))).then(
      (answer) => reply(null, answer),
      reply,
    );
  };

const refuse = (code: number, details: string): Answer =>
  function throwStatus() {
    throw Object.assign(new Error(details), { code, details });
  };

describe('the runtime behind a CRI socket', () => {
  test('names itself', async () => {
    expect(await createCriRuntime(socketPath).describe({ signal })).toBe('containerd 1.6.20');
  });

  test('lists sandboxes, those that have stopped too', async () => {
    expect(await createCriRuntime(socketPath).listSandboxes({ signal })).toEqual([
      { id: 'a', podNamespace: 'shop', podName: 'web-0', isReady: true },
      { id: 'b', podNamespace: 'shop', podName: 'web-1', isReady: false },
    ]);
  });

  test('lists a thousand', async () => {
    const items = Array.from({ length: 1000 }, (_, index) => ({ ...sandboxes[0], id: `${index}` }));
    answers.listPodSandbox = () => ({ items });
    expect(await createCriRuntime(socketPath).listSandboxes({ signal })).toHaveLength(1000);
  });

  test.each([
    ['a', '10.0.0.17'],
    ['b', ''],
  ])('sandbox %s has address %j', async (id, address) => {
    expect(await createCriRuntime(socketPath).addressOf(id, { signal })).toBe(address);
  });

  test('has no address of a sandbox that is gone', async () => {
    answers.podSandboxStatus = refuse(status.NOT_FOUND, 'sandbox "a": not found');
    expect(await createCriRuntime(socketPath).addressOf('a', { signal })).toBeUndefined();
  });

  test.each([
    ['that has not started', refuse(status.UNKNOWN, 'server is not initialized yet'), /not init/],
    ['that speaks another version', refuse(status.UNIMPLEMENTED, 'unknown service'), /unknown ser/],
    ['that is silent', () => new Promise<never>(() => {}), /deadline|timed out/],
  ])('rejects for one %s', async (_, answer, text) => {
    answers.listPodSandbox = answer;
    answers.podSandboxStatus = answer;
    const runtime = createCriRuntime(socketPath, { timeoutMs: 50 });
    await expect(runtime.listSandboxes({ signal })).rejects.toThrow(text);
    await expect(runtime.addressOf('a', { signal })).rejects.toThrow(text);
  });

  test('rejects for a socket that nobody serves', async () => {
    server.forceShutdown();
    await expect(createCriRuntime(socketPath).listSandboxes({ signal })).rejects.toThrow();
  });

  test('rejects for a socket where nobody speaks', async () => {
    const muteSocket = join(directory, 'mute.sock');
    mute = createServer(() => {}).listen(muteSocket);
    const runtime = createCriRuntime(muteSocket, { timeoutMs: 50 });
    await expect(runtime.listSandboxes({ signal })).rejects.toThrow(/deadline|timed out/);
  });

  test('is not waited for any longer than the caller waits', async () => {
    answers.listPodSandbox = () => new Promise(() => {});
    const leaving = new AbortController();
    const listing = createCriRuntime(socketPath).listSandboxes({ signal: leaving.signal });
    leaving.abort(new Error('the daemon is ending'));
    await expect(listing).rejects.toThrow('the daemon is ending');
  });
});

describe('looking for a runtime', () => {
  const find = async (sockets: readonly string[]) => {
    const lines: string[] = [];
    const note = (_: unknown, text: string) => void lines.push(text);
    const quiet = createLogger({ file: '/dev/null', level: 'fatal' });
    const log = Object.assign(Object.create(quiet), { info: note, warn: note }) as Logger;
    const config = { ...readConfig({}), criSockets: sockets };
    const runtime = await findRuntime({ config, log, signal });
    return { runtime, lines };
  };

  test('takes the first socket that exists', async () => {
    await writeFile(join(directory, 'file'), '');
    const { runtime } = await find([join(directory, 'none'), join(directory, 'file'), socketPath]);
    expect(await runtime?.listSandboxes({ signal })).toHaveLength(2);
  });

  test.each([[[]], [['/run/no/such.sock']]])(
    'says once that there is none: %j',
    async (sockets) => {
      const { runtime, lines } = await find(sockets);
      expect(runtime).toBeUndefined();
      expect(lines).toEqual([expect.stringMatching(/^no container runtime socket/)]);
    },
  );
});
