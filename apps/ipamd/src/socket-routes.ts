import type {
  AddressPort,
  AttachmentKey,
  PodIdentity,
  PolicyPort,
  ReadinessPort,
  RememberedPod,
} from '@vpc-cni/plugin';
import { BadRequest, textAt, valueAt } from './bad-request.ts';
import type { JsonRoute } from './cni-server.ts';

/** What the stand-alone plugin asks the daemon for. */
export interface DaemonPorts {
  readonly addresses: AddressPort;
  readonly readiness: ReadinessPort;
  /** `undefined` where nobody enforces network policies. */
  readonly policies: PolicyPort | undefined;
}

/**
 * The address book, the network policy agent and the daemon's readiness over its socket: one path per method, arguments and
 * result as JSON. The socket's mode (0600, root) is the authorisation.
 */
export function socketRoutes(ports: () => DaemonPorts): Readonly<Record<string, JsonRoute>> {
  const addresses = () => ports().addresses;
  return {
    '/v1/addresses/reserve': async (body, signal) =>
      addresses().reserve(keyIn(body), podIn(body), { signal, ...podUidIn(body) }),
    '/v1/addresses/find': async (body) => addresses().find(keyIn(body)),
    '/v1/addresses/identify': async (body) =>
      addresses().identify(keyIn(body), {
        ...podIn(body, 'remembered'),
        address: textAt(body, ['remembered', 'address']),
        ...branchIn(body),
      }),
    '/v1/addresses/release': async (body) => addresses().release(keyIn(body)),
    '/v1/addresses/list': async (body) => addresses().list(textAt(body, ['networkName'])),
    '/v1/policies/enforce': async (body, signal) =>
      ports().policies?.enforce(podIn(body), {
        interfaceCount: countAt(body, 'interfaceCount'),
        signal,
      }),
    '/v1/policies/forget': async (body) => ports().policies?.forget(podIn(body)),
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

function countAt(body: unknown, member: string): number {
  const value = valueAt(body, [member]);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new BadRequest(`${member} is ${JSON.stringify(value) ?? 'missing'}, expected a count`);
}

const podUidIn = (body: unknown): { readonly podUid?: string } =>
  valueAt(body, ['podUid']) === undefined ? {} : { podUid: textAt(body, ['podUid']) };

function branchIn(body: unknown): Pick<RememberedPod, 'branch'> {
  const path = ['remembered', 'branch'];
  if (valueAt(body, path) === undefined) return {};
  const vlanId = valueAt(body, [...path, 'vlanId']);
  const mode = valueAt(body, [...path, 'mode']);
  if (typeof vlanId === 'number' && (mode === 'strict' || mode === 'standard')) {
    return { branch: { vlanId, mode } };
  }
  throw new BadRequest(
    `${path.join('.')} has vlanId ${vlanId} and mode ${mode}, expected a number and strict or standard`,
  );
}
