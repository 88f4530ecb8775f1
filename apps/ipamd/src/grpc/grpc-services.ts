import type { ConnectRouter } from '@connectrpc/connect';
import { type CniBackendOptions, createCniBackend } from './cni-backend.ts';
import { createConfigServer } from './config-server.ts';
import { Health } from './gen/grpc/health/v1/health_pb.ts';
import { CNIBackend, ConfigServerBackend } from './gen/rpc_pb.ts';
import { health } from './health.ts';
import { serveReflection } from './reflection.ts';

/** Everything that the AWS VPC CNI's daemon serves over gRPC. */
export const grpcServices = (options: CniBackendOptions) => (router: ConnectRouter) => {
  router.service(CNIBackend, createCniBackend(options));
  router.service(ConfigServerBackend, createConfigServer(options.facts));
  router.service(Health, health);
  serveReflection(router, [CNIBackend, ConfigServerBackend, Health]);
};
