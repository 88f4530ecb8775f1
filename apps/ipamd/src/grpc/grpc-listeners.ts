import { join } from 'node:path';
import type { ConnectRouter } from '@connectrpc/connect';
import type { IpamdConfig } from '../config.ts';
import { type ClosableServer, listenOn, listenOnSocket } from '../listen.ts';
import { createGrpcServer } from './grpc-server.ts';

export interface GrpcListener {
  readonly name: string;
  readonly server: ClosableServer;
  listen(): Promise<void>;
}

/** Root and its group; the directory lets in root alone. */
const SOCKET_MODE = 0o660;
const TCP_ADDRESS = '127.0.0.1:50051';

/** Where the AWS VPC CNI's daemon listens: on a socket, before its release 1.23 on TCP. */
export function grpcListeners(
  { runDirectory, grpc }: Pick<IpamdConfig, 'runDirectory' | 'grpc'>,
  services: (router: ConnectRouter) => void,
): readonly GrpcListener[] {
  const path = join(runDirectory, 'ipamd.sock');
  const listener = (name: string, listen: (server: ClosableServer) => Promise<void>) => {
    const server = createGrpcServer(services);
    return { name, server, listen: () => listen(server) };
  };
  return [
    listener('gRPC', (server) => listenOnSocket(server, path, SOCKET_MODE)),
    ...(grpc.alsoOnTcp
      ? [listener('gRPC over TCP', (server) => listenOn(server, TCP_ADDRESS))]
      : []),
  ];
}
