import type { SubnetId } from './ec2-ids.ts';

/** Keys of subnet tags that the operator sets, spelt as the reference implementation spells them. */
export const SUBNET_TAGS = {
  role: 'kubernetes.io/role/cni',
  clusterPrefix: 'cni.networking.k8s.aws/cluster/',
} as const;

/**
 * What a subnet is to a node.
 *
 * - `usable`: new ENIs may go there.
 * - `untagged`: nobody offered it; ENIs that are there already are used.
 * - `excluded`: no new ENIs, and no new pods on ENIs that are there already.
 */
export type SubnetRole = 'usable' | 'untagged' | 'excluded';

/**
 * What the tags of a subnet say it is for.
 *
 * The role tag `0` excludes any subnet. Without one, only the primary ENI's own subnet is usable. With
 * another value, tags that name clusters count as well: if there are any, ours has to be among them.
 *
 * @see Amazon VPC CNI, `kubernetes.io/role/cni` and `cni.networking.k8s.aws/cluster/<name>`
 */
export function subnetRole(
  subnet: { readonly subnetId: SubnetId; readonly tags: Readonly<Record<string, string>> },
  node: { readonly primarySubnetId: SubnetId; readonly clusterName?: string | undefined },
): SubnetRole {
  const role = subnet.tags[SUBNET_TAGS.role] ?? '';
  if (role === '0') {
    return 'excluded';
  }
  if (role === '') {
    return subnet.subnetId === node.primarySubnetId ? 'usable' : 'untagged';
  }
  return isForCluster(subnet.tags, node.clusterName ?? '') ? 'usable' : 'excluded';
}

function isForCluster(tags: Readonly<Record<string, string>>, clusterName: string): boolean {
  const clusters = Object.keys(tags).filter((key) => key.startsWith(SUBNET_TAGS.clusterPrefix));
  return (
    clusterName === '' ||
    clusters.length === 0 ||
    clusters.includes(`${SUBNET_TAGS.clusterPrefix}${clusterName}`)
  );
}
