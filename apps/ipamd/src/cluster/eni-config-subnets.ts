import {
  type Ec2NetworkPort,
  isEniAllocatorError,
  type SubnetCandidate,
  type SubnetSource,
} from '@vpc-cni/eni-allocator';
import {
  ENI_CONFIGS,
  type EniConfigSpec,
  eniConfigName,
  isKubernetesError,
  NODES,
  nodeFactsOf,
  type RawEniConfig,
  readEniConfig,
} from '@vpc-cni/kubernetes';
import type { ClusterConfig } from '../config.ts';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';

type Cidr = NonNullable<SubnetCandidate['cidr']>;
type SubnetId = SubnetCandidate['subnetId'];
type SecurityGroupIds = NonNullable<SubnetCandidate['securityGroupIds']>;

/** No ENI can be created as the node's ENIConfig is, or because it cannot be read. */
export class EniConfigError extends Error {
  override readonly name = 'EniConfigError';
  readonly code = 'eni-config-unusable';
}

/** What the node's ENIConfig is called; `undefined` before the node is known. */
export function eniConfigNameOf(
  { node }: Pick<Cluster, 'node'>,
  { eniConfigAnnotationDef: annotation, eniConfigLabelDef: label }: ClusterConfig,
): string | undefined {
  const facts = node();
  return facts && eniConfigName(facts, { annotation, label });
}

/**
 * The subnet, and the security groups, that the node's ENIConfig names: asked anew for each ENI, of which
 * there are few. While the API server is away the last answer counts.
 *
 * @throws {EniConfigError} from `candidates` when there is no such object, or it makes no sense here.
 */
export function eniConfigSubnets(options: {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly availabilityZone: string;
  readonly ec2: Pick<Ec2NetworkPort, 'describeSubnets'>;
}): SubnetSource {
  const { context, cluster, ec2, availabilityZone } = options;
  const { log, config } = context;
  const { client, nodeName } = cluster;
  const { eniConfigAnnotationDef: annotation, eniConfigLabelDef: label } = config.cluster;
  const remembered = new Map<string, EniConfigSpec>();
  const cidrs = new Map<SubnetId, Cidr>();

  async function nameNow(signal: AbortSignal): Promise<string> {
    const facts =
      cluster.node() ??
      nodeFactsOf(await client.get({ resource: NODES, name: nodeName }, { signal }));
    return eniConfigName(facts, { annotation, label });
  }

  async function read(name: string, signal: AbortSignal): Promise<EniConfigSpec> {
    const subject = { resource: ENI_CONFIGS, name };
    try {
      const spec = readEniConfig(await client.get<RawEniConfig>(subject, { signal }));
      remembered.set(name, spec);
      return spec;
    } catch (error) {
      const known = remembered.get(name);
      const isAway = isKubernetesError(error) && error.code !== 'not-found';
      if (known === undefined || !isAway) throw error;
      log.warn({ err: error, name }, 'the ENIConfig cannot be read, its last state counts');
      return known;
    }
  }

  /** Learnt once; `undefined` when EC2 may not be asked. */
  async function cidrOf(subnetId: SubnetId, signal: AbortSignal): Promise<Cidr | undefined> {
    const known = cidrs.get(subnetId);
    if (known !== undefined) return known;
    const [subnet] = await ec2
      .describeSubnets({ subnetIds: [subnetId] }, { signal })
      .catch((error: unknown) => {
        if (isEniAllocatorError(error) && error.reaction === 'permission') return [undefined];
        throw error;
      });
    if (subnet === undefined) return undefined;
    if (subnet.availabilityZone !== availabilityZone) {
      throw new EniConfigError(
        `subnet ${subnetId} is in ${subnet.availabilityZone}, and the node in ${availabilityZone}; name a subnet of the node's zone`,
      );
    }
    cidrs.set(subnetId, subnet.cidr);
    return subnet.cidr;
  }

  return {
    candidates: async ({ signal = context.signal } = {}) => {
      let name = '';
      try {
        name = await nameNow(signal);
        const { subnet, securityGroups } = await read(name, signal);
        const subnetId = subnet as SubnetId; // checked when it was read
        const cidr = await cidrOf(subnetId, signal);
        const groups = securityGroups as SecurityGroupIds; // checked when they were read
        return [
          {
            subnetId,
            ...(cidr === undefined ? {} : { cidr }),
            ...(groups.length === 0 ? {} : { securityGroupIds: groups }),
          },
        ];
      } catch (error) {
        signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        throw new EniConfigError(`no ENI can be created by ENIConfig "${name}": ${reason}`, {
          cause: error,
        });
      }
    },
  };
}
