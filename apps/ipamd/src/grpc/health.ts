import { once } from 'node:events';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { type Health, HealthCheckResponse_ServingStatus } from './gen/grpc/health/v1/health_pb.ts';

const { SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

const isKnown = (service: string) => ['', 'grpc.health.v1.aws-node'].includes(service);

/**
 * Serving, always: whoever can ask has reached a daemon that is ready. A pool that is empty later does not change
 * that, as in the AWS VPC CNI: a full node is no ill one, and rollouts would wait for it.
 */
export const health: ServiceImpl<typeof Health> = {
  check: ({ service }) => {
    if (!isKnown(service)) throw new ConnectError('unknown service', Code.NotFound);
    return { status: SERVING };
  },
  async *watch({ service }, { signal }) {
    yield { status: isKnown(service) ? SERVING : SERVICE_UNKNOWN };
    if (!signal.aborted) await once(signal, 'abort');
  },
};
