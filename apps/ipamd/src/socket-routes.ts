import type { AddressPort, AttachmentKey, PodIdentity, ReadinessPort } from '@vpc-cni/plugin';
import { textAt } from './bad-request.ts';
import type { JsonRoute } from './cni-server.ts';

/** What the stand-alone plugin asks the daemon for. */
export interface DaemonPorts {
  readonly addresses: AddressPort;
  readonly readiness: ReadinessPort;
}

/**
 * The address book and the daemon's readiness over its socket: one path per method, arguments and
 * result as JSON. The socket's mode (0600, root) is the authorisation.
 */
export function socketRoutes(ports: () => DaemonPorts): Readonly<Record<string, JsonRoute>> {
  const addresses = () => ports().addresses;
  return {
    '/v1/addresses/reserve': async (body, signal) =>
      addresses().reserve(keyIn(body), podIn(body), { signal }),
    '/v1/addresses/find': async (body) => addresses().find(keyIn(body)),
    '/v1/addresses/identify': async (body) =>
      addresses().identify(keyIn(body), {
        ...podIn(body, 'remembered'),
        address: textAt(body, ['remembered', 'address']),
      }),
    '/v1/addresses/release': async (body) => addresses().release(keyIn(body)),
    '/v1/addresses/list': async (body) => addresses().list(textAt(body, ['networkName'])),
    '/v1/status': async () => ports().readiness.refusal(),
  };
}

const keyIn = (body: unknown): AttachmentKey => ({
  networkName: textAt(body, ['key', 'networkName']),
  containerId: textAt(body, ['key', 'containerId']),
  interfaceName: textAt(body, ['key', 'interfaceName']),
});

const podIn = (body: unknown, member = 'pod'): PodIdentity => ({
  podNamespace: textAt(body, [member, 'podNamespace'], { mayBeEmpty: true }),
  podName: textAt(body, [member, 'podName'], { mayBeEmpty: true }),
});
