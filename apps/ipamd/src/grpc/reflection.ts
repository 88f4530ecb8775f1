import {
  createRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import {
  ServerReflection,
  type ServerReflectionRequest,
} from './gen/grpc/reflection/v1/reflection_pb.ts';
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from './gen/grpc/reflection/v1alpha/reflection_pb.ts';

type Request = ServerReflectionRequest | ServerReflectionRequestAlpha;

/**
 * Tells tools such as grpcurl what is served: these services, health and reflection itself; also under
 * the name that tools of before 2023 ask for.
 */
export function serveReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const served = [...services, ServerReflection, ServerReflectionAlpha];
  const answer = createAnswerer(served);
  async function* converse<R extends Request>(requests: AsyncIterable<R>) {
    for await (const request of requests) {
      const { host, messageRequest } = request;
      const messageResponse = answer(messageRequest);
      yield { validHost: host, originalRequest: request, messageResponse };
    }
  }
  router.service(ServerReflection, { serverReflectionInfo: converse });
  router.service(ServerReflectionAlpha, { serverReflectionInfo: converse });
}

function createAnswerer(services: readonly DescService[]) {
  const files = new Set(services.flatMap(({ file }) => withImports(file)));
  const registry = createRegistry(...files);

  /** The file that defines a service, a message, an enum, or a member of one of these. */
  function fileOfSymbol(symbol: string): DescFile | undefined {
    const owner = symbol.slice(0, Math.max(0, symbol.lastIndexOf('.')));
    return (registry.get(symbol) ?? registry.get(owner))?.file;
  }

  return (question: Request['messageRequest']) => {
    switch (question.case) {
      case 'listServices': {
        const service = services.map(({ typeName }) => ({ name: typeName }));
        return { case: 'listServicesResponse', value: { service } } as const;
      }
      case 'fileByFilename':
        return fileAnswer([...files].find(({ proto }) => proto.name === question.value));
      case 'fileContainingSymbol':
        return fileAnswer(fileOfSymbol(question.value));
      case 'allExtensionNumbersOfType': {
        const message = registry.getMessage(question.value);
        return message === undefined ? refusal(Code.NotFound) : noExtensions(message);
      }
      case 'fileContainingExtension':
        return refusal(Code.NotFound);
      case undefined:
        return refusal(Code.InvalidArgument);
    }
  };
}

const withImports = (file: DescFile): readonly DescFile[] => [
  file,
  ...file.dependencies.flatMap(withImports),
];

function fileAnswer(file: DescFile | undefined) {
  if (file === undefined) return refusal(Code.NotFound);
  const fileDescriptorProto = withImports(file).map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } } as const;
}

const noExtensions = ({ typeName }: DescMessage) =>
  ({ case: 'allExtensionNumbersResponse', value: { baseTypeName: typeName } }) as const;

const refusal = (errorCode: Code) =>
  ({
    case: 'errorResponse',
    value: { errorCode, errorMessage: errorCode === Code.NotFound ? 'not found' : 'no question' },
  }) as const;
