import type { AddressPort } from '@vpc-cni/plugin';
import { createAddressPort } from './address-port.ts';
import { branchAddresses } from './branch/branch-addresses.ts';
import type { BranchPod } from './branch/branch-pods.ts';
import { followPodEnis } from './branch/follow-pod-enis.ts';
import {
  type BranchHost,
  type BranchPodsOptions,
  openBranchPods,
} from './branch/open-branch-pods.ts';
import { trunkLinkFinder } from './branch/trunk-link.ts';
import { annotatingPodIps } from './cluster/annotate-pod-ips.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Context } from './context.ts';
import type { Pool } from './pool.ts';

/** Where the node's pods have their addresses from. */
export interface Addresses {
  readonly addresses: AddressPort;
  /** Everything that holds an address, whether it is the pool's or comes with an ENI of the pod's own. */
  attachments(): readonly (ReturnType<Pool['book']['reservations']>[number] | BranchPod)[];
}

/** The pool, with what the settings put around it. */
export async function openAddresses(
  context: Context,
  {
    pool: { book, desk, trunk },
    cluster,
    network,
    random,
    fileSystem,
  }: {
    readonly pool: Pick<Pool, 'book' | 'desk' | 'trunk'>;
    readonly cluster: Pick<Cluster, 'client' | 'nodeName'> | undefined;
    readonly network: BranchHost & Parameters<typeof trunkLinkFinder>[1];
    /** For tests, as the next. Default: `Math.random`. */
    readonly random?: () => number;
  } & BranchPodsOptions,
): Promise<Addresses> {
  const { config, clock, metrics } = context;
  const { podEni, podSecurityGroupEnforcingMode, annotatePodIp } = config.cluster;
  const onRefusal = () => metrics.noAvailableAddresses.inc();
  const plain = createAddressPort({
    book,
    desk,
    onRefusal,
    allowsEveryCard: config.enis.onEveryCard,
  });
  const options = fileSystem === undefined ? {} : { fileSystem };
  const pods = await openBranchPods(context, network, options);
  const findTrunkLink = trunkLinkFinder(trunk, network);
  const withBranches = branchAddresses(plain, {
    pods,
    podEnis:
      podEni && cluster !== undefined
        ? followPodEnis(context, { cluster, findTrunkLink, random })
        : undefined,
    mode: podSecurityGroupEnforcingMode,
    nowMs: clock.nowMs,
  });
  return {
    addresses:
      annotatePodIp && cluster !== undefined
        ? annotatingPodIps(withBranches, cluster, context)
        : withBranches,
    attachments: () => [...book.reservations(), ...pods.all()],
  };
}
