// What probes and tools ask of the socket.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { closed, listenOnSocket } from '../listen.ts';
import { Health, HealthCheckResponse_ServingStatus } from './gen/grpc/health/v1/health_pb.ts';
import {
  ServerReflection,
  type ServerReflectionRequestSchema,
} from './gen/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ServerReflectionAlpha } from './gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { CNIBackend } from './gen/rpc_pb.ts';
import { createGrpcClient, type GrpcClient, outcomeOf } from './grpc-client.fixture.ts';
import { createGrpcNode } from './grpc-node.fixture.ts';
import { createGrpcServer } from './grpc-server.ts';
import { grpcServices } from './grpc-services.ts';

let directory: string;
let server: ReturnType<typeof createGrpcServer>;
let client: GrpcClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'grpc-'));
  const node = await createGrpcNode(directory, { addresses: [] });
  server = createGrpcServer(grpcServices(node.options));
  await listenOnSocket(server, join(directory, 'ipamd.sock'));
  client = createGrpcClient(`unix:${join(directory, 'ipamd.sock')}`);
});
afterAll(async () => {
  client.close();
  await closed(server);
  await rm(directory, { recursive: true });
});

const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

describe('health', () => {
  test.each(['', 'grpc.health.v1.aws-node'])(
    'service %j is serving, with an empty pool too',
    async (service) => {
      expect(await client.call(Health.method.check, { service })).toMatchObject({
        status: SERVING,
      });
    },
  );

  test('an unknown service is not found', async () => {
    const call = client.call(Health.method.check, { service: 'rpc.CNIBackend' });
    expect(await outcomeOf(call)).toBe('NOT_FOUND: unknown service');
  });

  test.each([
    ['', SERVING],
    ['other', SERVICE_UNKNOWN],
  ])('watching service %j tells its status and goes on', async (service, status) => {
    const seen: number[] = [];
    for await (const answer of client.watch(Health.method.watch, { service })) {
      seen.push(answer.status);
      // The connection is in use by the watch, and still answers.
      await client.call(Health.method.check, {});
      break;
    }
    expect(seen).toEqual([status]);
  });
});

test('a method that is not served is unimplemented', async () => {
  const { addNetwork } = CNIBackend.method;
  const strange = { ...addNetwork, name: 'AddNetworks' };
  expect(await outcomeOf(client.call(strange, {}))).toMatch(/^UNIMPLEMENTED/);
});

type Question = NonNullable<
  MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest']
>;

async function ask(...questions: readonly Question[]) {
  const requests = questions.map((messageRequest) => ({ host: 'h', messageRequest }));
  const answers = await client.converse(ServerReflection.method.serverReflectionInfo, requests);
  return answers.map(({ messageResponse }) => messageResponse);
}

const NOT_FOUND = { case: 'errorResponse', value: { errorCode: 5 } };

describe('reflection', () => {
  test('lists what is served', async () => {
    const [list] = await ask({ case: 'listServices', value: '*' });
    const names = [
      'rpc.CNIBackend',
      'rpc.ConfigServerBackend',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ];
    const service = names.map((name) => expect.objectContaining({ name }));
    expect(list).toMatchObject({ case: 'listServicesResponse', value: { service } });
  });

  test('answers tools of before 2023 as well', async () => {
    const method = ServerReflectionAlpha.method.serverReflectionInfo;
    const request = { host: 'h', messageRequest: { case: 'listServices', value: '' } } as const;
    expect(await client.converse(method, [request])).toMatchObject([
      {
        validHost: 'h',
        originalRequest: request,
        messageResponse: { case: 'listServicesResponse' },
      },
    ]);
  });

  test.each([
    'rpc.CNIBackend',
    'rpc.CNIBackend.AddNetwork',
    'rpc.AddNetworkReply',
    'rpc.AddNetworkReply.VPCv4CIDRs',
  ])('%s is defined in rpc.proto, which comes with its imports', async (symbol) => {
    const [answer] = await ask({ case: 'fileContainingSymbol', value: symbol });
    if (answer?.case !== 'fileDescriptorResponse') throw new Error(`got ${answer?.case}`);
    const files = answer.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    expect(files).toMatchObject([
      { name: 'rpc.proto', package: 'rpc', dependency: ['google/protobuf/empty.proto'] },
      { name: 'google/protobuf/empty.proto' },
    ]);
  });

  test.each<[Question, object]>([
    [{ case: 'fileByFilename', value: 'rpc.proto' }, { case: 'fileDescriptorResponse' }],
    [{ case: 'fileByFilename', value: 'other.proto' }, NOT_FOUND],
    [{ case: 'fileContainingSymbol', value: 'rpc.NPBackend' }, NOT_FOUND],
    [{ case: 'fileContainingSymbol', value: '' }, NOT_FOUND],
    [
      { case: 'fileContainingExtension', value: { containingType: 'rpc.AddNetworkReply' } },
      NOT_FOUND,
    ],
    [
      { case: 'allExtensionNumbersOfType', value: 'rpc.AddNetworkReply' },
      {
        case: 'allExtensionNumbersResponse',
        value: { baseTypeName: 'rpc.AddNetworkReply', extensionNumber: [] },
      },
    ],
    [{ case: 'allExtensionNumbersOfType', value: 'rpc.Other' }, NOT_FOUND],
  ])('%j is answered %j', async (question, answer) => {
    expect(await ask(question, question)).toMatchObject([answer, answer]);
  });

  test('a request without a question is an invalid argument', async () => {
    const method = ServerReflection.method.serverReflectionInfo;
    expect(await client.converse(method, [{ host: 'h' }])).toMatchObject([
      { messageResponse: { case: 'errorResponse', value: { errorCode: 3 } } },
    ]);
  });
});
