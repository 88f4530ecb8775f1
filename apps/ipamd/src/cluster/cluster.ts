import type { V1Node } from '@kubernetes/client-node';
import {
  type ApiAccess,
  type ApiClient,
  type ApiTransport,
  createApiClient,
  createHttpTransport,
  followObjects,
  inClusterAccess,
  NODES,
  type NodeFacts,
  nodeFactsOf,
} from '@vpc-cni/kubernetes';
import type { ClusterConfig } from '../config.ts';
import type { Context } from '../context.ts';
import { nameIfSlow } from '../name-if-slow.ts';

/** The Kubernetes cluster, as far as the daemon of one node is concerned with it. */
export interface Cluster {
  readonly client: ApiClient;
  readonly nodeName: string;
  /** The node as it is known; `undefined` before the API server has answered. */
  node(): NodeFacts | undefined;
  /** Called whenever the node may have changed. */
  onNodeChange(listener: () => void): void;
}

/** Ways to the API server other than the usual one, for tests. */
export interface ClusterWays {
  readonly transport?: ApiTransport;
  readonly random?: () => number;
}

/** What cannot be done without the API server, by the setting that asks for it. */
export const needsOf = (config: ClusterConfig): readonly string[] => [
  ...(config.customNetworking ? ['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG'] : []),
  ...(config.podEni ? ['ENABLE_POD_ENI'] : []),
  ...(config.annotatePodIp ? ['ANNOTATE_POD_IP'] : []),
];

/**
 * Connects to the API server and follows the own node, and nothing else.
 *
 * A setting that needs the server has the start wait for it, as long as it takes. Otherwise nothing waits:
 * until the server answers, the node counts as schedulable, and as large as its instance type. `undefined`
 * outside of a cluster, where no setting needs one.
 */
export async function connectToCluster(
  context: Context,
  ways: ClusterWays = {},
): Promise<Cluster | undefined> {
  const { config, clock, log, signal, phases } = context;
  const { nodeName } = config.cluster;
  const needs = needsOf(config.cluster);
  const transport = ways.transport ?? (await transportFor(config.cluster));
  if (transport === undefined || nodeName === '') {
    const missing = nodeName === '' ? 'MY_NODE_NAME' : 'the API server (KUBERNETES_SERVICE_HOST)';
    if (needs.length === 0) {
      log.info({ missing }, 'no Kubernetes cluster is known; the node counts as schedulable');
      return undefined;
    }
    return phases.run('finding the Kubernetes cluster', async () => {
      throw new Error(`${missing} is not set, and ${needs.join(', ')} needs it`);
    });
  }
  const client = createApiClient({ transport, clock, userAgent: userAgentOf(config) });
  const answered = nameIfSlow('the Kubernetes API server', context);
  if (needs.length > 0) {
    await phases.run(`reading node ${nodeName} (Kubernetes, for ${needs.join(', ')})`, () =>
      client.get({ resource: NODES, name: nodeName }, { signal }),
    );
  }
  const nodes = followObjects<V1Node, NodeFacts>({
    client,
    clock,
    signal,
    resource: NODES,
    fieldSelector: `metadata.name=${nodeName}`,
    keep: nodeFactsOf,
    ...(ways.random === undefined ? {} : { random: ways.random }),
    onTrouble: (trouble) => {
      answered();
      if (trouble === undefined) log.info('the Kubernetes API server answers again');
      else log.warn({ err: trouble }, 'the node may be out of date: Kubernetes does not answer');
    },
  });
  nodes.onChange(answered);
  return {
    client,
    nodeName,
    node: () => nodes.objects.get(nodeName),
    onNodeChange: (listener) => {
      nodes.onChange(listener);
    },
  };
}

/** A pod's service account, or else the kubeconfig that is named, for which much more has to be loaded. */
async function transportFor({ apiServer }: ClusterConfig): Promise<ApiTransport | undefined> {
  const access: ApiAccess | undefined =
    apiServer['KUBECONFIG'] === undefined
      ? inClusterAccess({ environment: apiServer })
      : (await import('@vpc-cni/kubernetes/kube-config')).kubeConfigAccess(apiServer['KUBECONFIG']);
  return access && createHttpTransport(access);
}

const userAgentOf = ({ productVersion }: Context['config']) =>
  `amazon-vpc-cni-k8s/${productVersion || 'unknown'}`;
