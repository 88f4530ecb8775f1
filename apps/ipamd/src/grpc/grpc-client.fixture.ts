import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';

/** A client by another gRPC implementation than the server's, as the plugin and probes are. */
export interface GrpcClient {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<MessageShape<O>>;
  /** Yields the answers until the loop is left, which cancels the call. */
  watch<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
  ): AsyncIterable<MessageShape<O>>;
  /** Asks one question after the other in one call. */
  converse<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    questions: readonly MessageInitShape<I>[],
  ): Promise<readonly MessageShape<O>[]>;
  close(): void;
}

/** What became of a call: `OK` or the name of its status and its text. */
export const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'OK',
    // This client leaves some escapes as they are; grpc-go, which the plugin uses, decodes all.
    (error: ServiceError) => `${status[error.code]}: ${decodeURIComponent(error.details)}`,
  );

/** @param address `unix:/path` or `host:port`. */
export function createGrpcClient(address: string): GrpcClient {
  const client = new Client(address, credentials.createInsecure());
  const codec = <I extends DescMessage, O extends DescMessage>(method: {
    readonly input: I;
    readonly output: O;
    readonly name: string;
    readonly parent: { readonly typeName: string };
  }) =>
    [
      `/${method.parent.typeName}/${method.name}`,
      (request: MessageInitShape<I>) =>
        Buffer.from(toBinary(method.input, create(method.input, request))),
      (bytes: Buffer): MessageShape<O> => fromBinary(method.output, bytes),
    ] as const;
  return {
    call: (method, request, { signal } = {}) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(...codec(method), request, (error, reply) => {
          if (reply === undefined) reject(error);
          else resolve(reply);
        });
        signal?.addEventListener('abort', () => call.cancel());
      }),
    async *watch(method, request) {
      const call = client.makeServerStreamRequest(...codec(method), request);
      call.on('error', () => {}); // that of leaving the loop
      try {
        yield* call;
      } finally {
        call.cancel();
      }
    },
    converse: async (method, questions) => {
      const call = client.makeBidiStreamRequest(...codec(method));
      for (const question of questions) call.write(question);
      call.end();
      const answers: never[] = [];
      for await (const answer of call) answers.push(answer as never);
      return answers;
    },
    close: () => client.close(),
  };
}
