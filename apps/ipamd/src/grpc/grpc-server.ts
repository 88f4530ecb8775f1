import { createServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { ConnectRouter } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { ClosableServer } from '../listen.ts';

/** Requests of the plugin are a few hundred bytes. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A server for one listener: HTTP/2 without TLS, gRPC only. */
export function createGrpcServer(services: (router: ConnectRouter) => void): ClosableServer {
  const handler = connectNodeAdapter({
    routes: services,
    connect: false,
    grpcWeb: false,
    readMaxBytes: MAX_MESSAGE_BYTES,
  });
  const server = createServer(handler);
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  const closeAllConnections = () => {
    for (const socket of connections) socket.destroy();
  };
  return Object.assign(server, { closeAllConnections });
}
