import type { AddressPort, AttachmentKey, PodIdentity } from '@vpc-cni/plugin';
import type { JsonRoute } from './cni-server.ts';

/**
 * The address book over the daemon's socket, for the stand-alone plugin: one path per method of the
 * port, arguments and result as JSON. The socket's mode (0600, root) is the authorisation.
 */
export function addressRoutes(addresses: () => AddressPort): Readonly<Record<string, JsonRoute>> {
  return {
    '/v1/addresses/reserve': (body, signal) => {
      const { key, pod } = body as { key: AttachmentKey; pod: PodIdentity };
      return addresses().reserve(key, pod, { signal });
    },
    '/v1/addresses/find': (body) => addresses().find((body as { key: AttachmentKey }).key),
    '/v1/addresses/release': (body) => addresses().release((body as { key: AttachmentKey }).key),
    '/v1/addresses/list': (body) => addresses().list((body as { networkName: string }).networkName),
  };
}
