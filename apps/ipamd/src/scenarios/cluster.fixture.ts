import type { JsonObject, KubernetesEmulator } from '@vpc-cni/kubernetes-emulator';

/** The node's name in the cluster; one node to a test. */
export const NODE_NAME = 'ip-10-0-0-4.us-west-2.compute.internal';

/** What a daemon's pod has in its environment, in a cluster. */
export const IN_CLUSTER = { MY_NODE_NAME: NODE_NAME };

const node = { apiVersion: 'v1', kind: 'Node', name: NODE_NAME };

export interface NodeOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly isCordoned?: boolean;
  readonly maxPods?: number;
}

const partsOf = ({ labels = {}, annotations = {}, isCordoned = false, maxPods }: NodeOptions) => ({
  metadata: { name: NODE_NAME, labels, annotations },
  spec: { unschedulable: isCordoned },
  status: { capacity: maxPods === undefined ? {} : { pods: String(maxPods) } },
});

/** Kubelet registers the node. */
export const registerNode = (cluster: KubernetesEmulator, options: NodeOptions = {}) =>
  cluster.create({ apiVersion: 'v1', kind: 'Node', ...partsOf(options) });

/** Somebody changes it. */
export const changeNode = (cluster: KubernetesEmulator, patch: JsonObject) =>
  cluster.change(node, patch);

const ENI_CONFIG = { apiVersion: 'crd.k8s.amazonaws.com/v1alpha1', kind: 'ENIConfig' };

export const addEniConfig = (
  cluster: KubernetesEmulator,
  name: string,
  spec: { readonly subnet: string; readonly securityGroups?: readonly string[] },
) => cluster.create({ ...ENI_CONFIG, metadata: { name }, spec });

export const removeEniConfig = (cluster: KubernetesEmulator, name: string) =>
  cluster.remove({ ...ENI_CONFIG, name });

/** What is done to a kind of object, such as `patch cninodes`. */
export const requestsOf = (cluster: KubernetesEmulator) =>
  cluster.journal.map(({ verb, resource }) => `${verb} ${resource}`);
