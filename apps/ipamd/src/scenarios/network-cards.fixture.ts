import {
  type CniProcessResponse,
  handleRequest,
  KNOWN_VERSIONS,
  type PluginHandlers,
} from '@vpc-cni/cni-spec';
import { createPodWiring } from '@vpc-cni/host-network';
import { createPluginHandlers } from '@vpc-cni/plugin';
import type { Addresses } from '../addresses.ts';
import type { Node } from './node.fixture.ts';

/** What a container runtime adds to a request. */
export interface CniRequest {
  /** The pod's annotation `k8s.amazonaws.com/nicConfig`. */
  readonly nicConfig?: string;
  readonly prevResult?: unknown;
}

/** Asks for an address of every network card. */
export const MULTI: CniRequest = { nicConfig: 'multi-nic-attachment' };

/** One queue for each daemon. */
const handlersOf = new WeakMap<Addresses, PluginHandlers>();

/** What a container runtime asks of the daemon that runs on a node; `undefined` when that dies meanwhile. */
export function askPlugin(
  node: Node,
  command: string,
  podName: string,
  { nicConfig, prevResult }: CniRequest = {},
): Promise<CniProcessResponse | undefined> {
  const { addresses, fate } = node.daemon;
  if (addresses === undefined) throw new Error('the daemon is not ready');
  const handlers =
    handlersOf.get(addresses) ??
    createPluginHandlers({
      ...addresses,
      wiring: createPodWiring(node.site.host.open(fate)),
      readiness: { refusal: () => undefined },
    });
  handlersOf.set(addresses, handlers);
  const annotations = nicConfig === undefined ? {} : { 'k8s.amazonaws.com/nicConfig': nicConfig };
  const answer = handleRequest(
    {
      environment: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: podName,
        CNI_NETNS: `/run/netns/${podName}`,
        CNI_IFNAME: 'eth0',
        CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${podName}`,
        CNI_PATH: '/opt/cni/bin',
      },
      stdin: JSON.stringify({
        cniVersion: '1.0.0',
        name: 'aws-cni',
        type: 'aws-cni',
        prevResult,
        runtimeConfig: { 'io.kubernetes.cri.pod-annotations': annotations },
      }),
    },
    handlers,
    { supportedVersions: KNOWN_VERSIONS },
  );
  return Promise.race([answer, fate.died.then(() => undefined)]);
}
