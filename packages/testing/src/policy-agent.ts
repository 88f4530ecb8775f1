import { rm } from 'node:fs/promises';
import type { sendUnaryData } from '@grpc/grpc-js';
import { textOf } from './cri-call.ts';
import { decodeFields, encodeFields, type ProtoFields } from './proto-wire.ts';

/** What the network policy agent was asked for. */
export type AgentCall =
  | {
      readonly method: 'EnforceNpToPod';
      readonly pod: string;
      readonly mode: string;
      readonly interfaceCount: number;
    }
  | { readonly method: 'DeletePodNp'; readonly pod: string };

/** `Success` of the reply; what it throws becomes the status. */
export type AgentAnswer = (call: AgentCall) => boolean | Promise<boolean>;

/** A network policy agent that does what a test says: `rpc.NPBackend` on a socket, by grpc-js. */
export interface FakePolicyAgent {
  /** In order; pods as `namespace/name`. */
  readonly asked: readonly AgentCall[];
  answerWith(answer: AgentAnswer): void;
  /** Ends it, connections and calls included, and takes its socket away. */
  kill(): Promise<void>;
}

/** @param path of the socket, whose directory exists. */
export async function startFakePolicyAgent(path: string): Promise<FakePolicyAgent> {
  const { Server, ServerCredentials } = await import('@grpc/grpc-js');
  const asked: AgentCall[] = [];
  let answer: AgentAnswer = () => true;
  const handler = (
    { request }: { readonly request: AgentCall },
    reply: sendUnaryData<boolean>,
  ): void => {
    asked.push(request);
    new Promise<boolean>((resolve) => resolve(answer(request))).then(
      (success) => reply(null, success),
      reply,
    );
  };
  const server = new Server();
  for (const [method, read] of Object.entries(readers)) {
    server.register<AgentCall, boolean>(
      `/rpc.NPBackend/${method}`,
      handler,
      (success) => Buffer.from(encodeFields([[1, success ? 1 : 0]])),
      (bytes) => read(decodeFields(bytes)),
      'unary',
    );
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    ),
  );
  return {
    asked,
    answerWith: (value) => {
      answer = value;
    },
    kill: async () => {
      server.forceShutdown();
      await rm(path, { force: true });
    },
  };
}

const readers: Readonly<Record<AgentCall['method'], (fields: ProtoFields) => AgentCall>> = {
  EnforceNpToPod: (fields) => ({
    method: 'EnforceNpToPod',
    pod: podIn(fields),
    mode: textOf(fields, 3),
    interfaceCount: Number(fields.get(4)?.[0] ?? 0),
  }),
  DeletePodNp: (fields) => ({ method: 'DeletePodNp', pod: podIn(fields) }),
};

const podIn = (fields: ProtoFields) => `${textOf(fields, 2)}/${textOf(fields, 1)}`;
