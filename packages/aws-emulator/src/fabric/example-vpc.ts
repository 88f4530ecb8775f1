import { createFabric } from './create-fabric.ts';
import type { Fabric, FabricNode } from './fabric.ts';
import { netnsOf } from './fabric-plan.ts';
import { runIpBatch, startNetns } from './ip-batch.ts';

// Test support: a small VPC, and a pod wired the way the plugin does.

/** Two nodes, `one` in a public subnet (10.0.1.0/24) and `two` in a private one (10.0.2.0/24). */
export interface ExampleVpc {
  readonly fabric: Fabric;
  readonly one: FabricNode;
  readonly two: FabricNode;
}

/** Primary addresses of the example's nodes. */
export const NODE_ONE = '10.0.1.10';
/** See {@link NODE_ONE}. */
export const NODE_TWO = '10.0.2.10';

/** Makes the example; metadata replies travel `metadataHopLimit` hops. */
export async function createExampleVpc(metadataHopLimit = 1): Promise<ExampleVpc> {
  const fabric = await createFabric({ prefix: 'example', vpcCidrs: ['10.0.0.0/16'] });
  await fabric.addSubnet({ subnetId: 'subnet-1', cidr: '10.0.1.0/24', isPublic: true });
  await fabric.addSubnet({ subnetId: 'subnet-2', cidr: '10.0.2.0/24', isPublic: false });
  const one = await fabric.addNode('one');
  const two = await fabric.addNode('two');
  for (const [index, primaryAddress] of [NODE_ONE, NODE_TWO].entries()) {
    const number = index + 1;
    await fabric.addInstance({ instanceId: `i-${number}`, metadataHopLimit });
    await fabric.attachEni({
      eniId: `eni-${number}`,
      instanceId: `i-${number}`,
      mac: `02:00:00:00:00:0${number}`,
      deviceIndex: 0,
      networkCardIndex: 0,
      subnetId: `subnet-${number}`,
      primaryAddress,
      addresses: [primaryAddress],
    });
  }
  return { fabric, one, two };
}

/** A pod's namespace. */
export interface ExamplePod {
  readonly netnsPath: string;
  remove(): Promise<void>;
}

/** Puts a pod with a routed veth on a node, without asking the fabric for its address. */
export async function addExamplePod(
  node: FabricNode,
  { name, address }: { readonly name: string; readonly address: string },
): Promise<ExamplePod> {
  const { netns, netnsPath } = netnsOf(`example-pod-${name}`);
  const link = `pod${name}`;
  await runIpBatch([`netns add ${netns}`]);
  await startNetns(netns, []);
  await runIpBatch(
    [
      `link add name ${link} address 02:00:00:00:ff:01 type veth peer name eth0 netns ${netns}`,
      `link set dev ${link} up`,
      `route add ${address}/32 dev ${link} scope link`,
    ],
    { netns: node.netns },
  );
  await runIpBatch(
    [
      `address add ${address}/32 dev eth0`,
      'link set dev eth0 up',
      'route add 169.254.1.1 dev eth0 scope link',
      'route add default via 169.254.1.1 dev eth0',
      'neighbour add 169.254.1.1 lladdr 02:00:00:00:ff:01 dev eth0 nud permanent',
    ],
    { netns },
  );
  return { netnsPath, remove: () => runIpBatch([`netns delete ${netns}`]) };
}
