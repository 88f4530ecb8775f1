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
import { podEniRecaller, type RecallPodEni } from './branch/recall-pod-eni.ts';
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
  /** Absent without `ENABLE_POD_ENI`. */
  readonly recallPodEni: RecallPodEni | undefined;
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
  const { config, clock, metrics, log } = context;
  const { podEni, podSecurityGroupEnforcingMode: mode, annotatePodIp } = config.cluster;
  const onRefusal = () => metrics.noAvailableAddresses.inc();
  const plain = createAddressPort({ book, desk, onRefusal });
  const options = fileSystem === undefined ? {} : { fileSystem };
  const pods = await openBranchPods(context, network, options);
  const findTrunkLink = trunkLinkFinder(trunk, network);
  const withBranches = branchAddresses(plain, {
    pods,
    podEnis:
      podEni && cluster !== undefined
        ? followPodEnis(context, { cluster, findTrunkLink, random })
        : undefined,
    mode,
    nowMs: clock.nowMs,
  });
  return {
    addresses:
      annotatePodIp && cluster !== undefined
        ? annotatingPodIps(withBranches, cluster, context)
        : withBranches,
    attachments: () => [...book.reservations(), ...pods.all()],
    recallPodEni:
      podEni && cluster !== undefined
        ? podEniRecaller(cluster, { family: config.podFamily, mode, log })
        : undefined,
  };
}
