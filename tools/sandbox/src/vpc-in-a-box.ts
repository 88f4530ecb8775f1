import { createEmulator, type Emulator } from '@vpc-cni/aws-emulator';
import { createFabric, EC2_ENDPOINT_ADDRESS, type Fabric } from '@vpc-cni/aws-emulator/fabric';
import { createSandboxNode, type SandboxNode } from './node.ts';

/** A VPC with nodes on it, all on this machine, for as long as this process lives. */
export interface VpcInABox {
  readonly emulator: Emulator;
  readonly fabric: Fabric;
  readonly nodes: readonly SandboxNode[];
  /** Stops the daemons and removes every namespace and link. */
  close(): Promise<void>;
}

export const VPC_CIDR = '10.0.0.0/16';
export const SUBNET_CIDR = '10.0.32.0/19';
export const VPC_IPV6_CIDR = '2001:db8::/56';
export const SUBNET_IPV6_CIDR = '2001:db8:0:1::/64';

/**
 * Builds a VPC with one public subnet and `nodeCount` instances. This process's network namespace
 * becomes the fabric, so start it through `tools/in-namespace.sh`.
 *
 * @param options.prefix distinguishes the namespaces of boxes that exist at the same time.
 */
export async function createVpcInABox(options: {
  readonly nodeCount: number;
  readonly instanceType: string;
  readonly prefix?: string;
  /** Time from AttachNetworkInterface to the link's appearance, ms. Default 100. */
  readonly attachDelayMs?: number;
  /** VPC, subnet and nodes have IPv6 too. Default false. */
  readonly hasIpv6?: boolean;
  /** What the nodes are configured for. Default: IPv6 where there is any. */
  readonly podFamily?: 'ipv4' | 'ipv6';
  /** Command line of the plugin that the nodes' runtimes execute. Default: the launcher. */
  readonly plugin?: readonly string[];
}): Promise<VpcInABox> {
  const {
    nodeCount,
    instanceType,
    prefix = 'box',
    attachDelayMs = 100,
    plugin,
    hasIpv6 = false,
    podFamily = hasIpv6 ? 'ipv6' : 'ipv4',
  } = options;
  const fabric = await createFabric({ prefix, vpcCidrs: [VPC_CIDR] });
  const emulator = createEmulator({ region: 'us-west-2', attachDelayMs, fabric });
  const nodes: SandboxNode[] = [];

  const close = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await emulator.close();
    await fabric.close();
  };

  try {
    await emulator.listenImds({ host: '169.254.169.254', port: 80 });
    const { url } = await emulator.listenEc2({ host: EC2_ENDPOINT_ADDRESS, port: 80 });
    const vpc = emulator.addVpc({
      cidr: VPC_CIDR,
      ...(hasIpv6 ? { ipv6Cidr: VPC_IPV6_CIDR } : {}),
    });
    const subnet = emulator.addSubnet({
      vpcId: vpc.vpcId,
      cidr: SUBNET_CIDR,
      ...(hasIpv6 ? { ipv6Cidr: SUBNET_IPV6_CIDR } : {}),
      availabilityZone: 'us-west-2a',
      isPublic: true,
    });
    for (let index = 0; index < nodeCount; index++) {
      const name = `node-${index}`;
      const instanceId = `i-${String(index).padStart(17, '0')}` as const;
      const { netnsPath } = await fabric.addNode(name);
      fabric.bindInstance(instanceId, name);
      const instance = await emulator.runInstance({
        instanceId,
        subnetId: subnet.subnetId,
        instanceType,
        publicAddress: true,
        ipv6Address: hasIpv6,
      });
      nodes.push(
        await createSandboxNode(
          {
            name,
            instanceId: instance.instanceId,
            netns: netnsPath,
            primaryAddress: instance.primaryAddress,
            publicAddress: instance.publicAddress ?? '',
            ec2Endpoint: url,
            ipv6Address: ipv6AddressOf(emulator, instance.primaryEniId),
            podFamily,
          },
          containerIds(index),
          plugin,
        ),
      );
    }
    return { emulator, fabric, nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function ipv6AddressOf(emulator: Emulator, eniId: string): string {
  const eni = emulator.describe().enis.find((one) => one.eniId === eniId);
  return eni?.ipv6Addresses[0] ?? '';
}

/** 64 hexadecimal digits, as container runtimes make them; counted, so that runs look alike. */
function containerIds(nodeIndex: number): () => string {
  let count = 0;
  return () => {
    count += 1;
    const head = (nodeIndex * 0x100000 + count * 0x9e37).toString(16).padStart(6, '0');
    return `${head}${count.toString(16).padStart(58, '0')}`;
  };
}
