import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, createCluster } from './cluster.fixture.ts';
import type { Pod, SandboxNode } from './node.ts';
import { type CniOutcome, pluginConf } from './runtime.ts';
import { createVpcInABox, type VpcInABox } from './vpc-in-a-box.ts';

/** Annotation and label that name a node's ENIConfig. */
export const ENI_CONFIG_KEY = 'k8s.amazonaws.com/eniConfig';

/** What an ENIConfig names. */
export interface Place {
  readonly subnet: string;
  readonly securityGroups: readonly string[];
}

/** Nodes of one subnet whose pods have others, and the cluster that they belong to. */
export interface CustomNetwork {
  readonly box: VpcInABox;
  readonly cluster: Cluster;
  /** The first node. */
  readonly node: SandboxNode;
  /** What the daemons are told. */
  readonly environment: Readonly<Record<string, string>>;
  /** A subnet of the nodes' zone, and a security group. */
  addPlace(cidr: string, options?: { readonly isPublic?: boolean }): Place;
  /** Starts a pod that is there until the end. */
  addPod(node: SandboxNode, podName: string): Promise<Pod>;
  close(): Promise<void>;
}

export async function createCustomNetwork({ nodeCount = 1 } = {}): Promise<CustomNetwork> {
  const box = await createVpcInABox({ nodeCount, instanceType: 't3.small', prefix: 'cust' });
  const cluster = await createCluster();
  const [node] = box.nodes;
  const [home] = box.emulator.describe().subnets;
  if (node === undefined || home === undefined) throw new Error('the box has no node');
  const pods: Pod[] = [];
  return {
    box,
    cluster,
    node,
    environment: {
      ...cluster.environment,
      AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true',
      AWS_VPC_K8S_CNI_ADD_WAIT: '2',
      IP_COOLDOWN_PERIOD: '1',
    },
    addPlace: (cidr, { isPublic = true } = {}) => {
      const { vpcId, availabilityZone } = home;
      const { subnetId } = box.emulator.addSubnet({ vpcId, cidr, availabilityZone, isPublic });
      const { securityGroupId } = box.emulator.addSecurityGroup({ vpcId, name: cidr });
      return { subnet: subnetId, securityGroups: [securityGroupId] };
    },
    addPod: async (on, podName) => {
      const pod = await on.addPod(podName);
      pods.push(pod);
      return pod;
    },
    close: async () => {
      await Promise.all(pods.map((pod) => node.runtime.removeSandbox(pod)));
      await box.close();
      await cluster.close();
    },
  };
}

/** Of a node, in EC2. */
export function enisOf({ emulator }: VpcInABox, { instanceId }: SandboxNode) {
  const enis = emulator.describe().enis.filter((eni) => eni.instanceId === instanceId);
  return {
    primary: enis.find(({ isPrimary }) => isPrimary),
    secondary: enis.filter(({ isPrimary }) => !isPrimary),
  };
}

/** An ADD that may fail; nothing of it stays. */
export async function tryToAdd({ runtime }: SandboxNode): Promise<CniOutcome> {
  const sandbox = await runtime.createSandbox({ podNamespace: 'default', podName: 'asking' });
  try {
    return await runtime.cni('ADD', sandbox);
  } finally {
    await runtime.cni('DEL', sandbox);
    await runtime.removeSandbox(sandbox);
  }
}

/** An ENIConfig is asked for every half a minute. */
const PATIENCE_MS = 90_000;

/** Asks for a pod until the answer is as it should be; gives back the last one. */
export async function untilAddSays(node: SandboxNode, answer: RegExp): Promise<CniOutcome> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const outcome = await tryToAdd(node);
    if (answer.test(JSON.stringify(outcome.output)) || Date.now() > giveUpAtMs) return outcome;
    await sleep(200);
  }
}

export const statusOf = ({ runtime }: SandboxNode): Promise<CniOutcome> =>
  runtime.cni('STATUS', undefined, { ...pluginConf, cniVersion: '1.1.0' });
