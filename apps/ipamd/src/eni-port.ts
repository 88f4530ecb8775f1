import {
  type EniTruth as Ec2Eni,
  type EniAllocator,
  eniKind,
  eniManagement,
} from '@vpc-cni/eni-allocator';
import type { Imds, InstanceFacts } from '@vpc-cni/imds';
import { type EniRole, isIpv4Prefix } from '@vpc-cni/ipam';
import type { EniPort, EniTruth, MetadataPort, ObservedEni } from '@vpc-cni/pool-controller';
import type { NetworkFacts } from './network-facts.ts';

/** The controller's view of instance metadata. */
export const createMetadataPort = (imds: Imds): MetadataPort => ({
  readEnis: async ({ signal }) =>
    (await imds.readEnis({ signal }))
      .filter((eni) => eni.networkCardIndex === 0)
      .map((eni) => ({ ...eni, prefixes: eni.prefixes.filter(isIpv4Prefix) })),
});

export interface EniPortOptions {
  readonly allocator: EniAllocator;
  readonly securityGroupIds: () => NetworkFacts['securityGroupIds'];
  readonly instance: InstanceFacts;
  readonly imds: Pick<Imds, 'readEnis'>;
  readonly primarySubnetCidr: ObservedEni['subnetCidr'];
  readonly managesUntagged: boolean;
  readonly isExcluded: (subnetId: Ec2Eni['subnetId']) => Promise<boolean>;
  /** False with `DISABLE_LEAKED_ENI_CLEANUP`: what a crash has left stays. */
  readonly deletesLeaked: boolean;
  /** ENIs that were created and are attached nowhere, and stay all the same. */
  readonly isNeeded: (eni: Ec2Eni) => boolean;
  /** Told what EC2 says of this instance's ENIs that are the pool's. */
  readonly onDescribed: (enis: readonly Ec2Eni[]) => void;
}

/** The controller's view of EC2: new ENIs get the primary ENI's security groups and timeouts. */
export function createEniPort(options: EniPortOptions): EniPort {
  const { allocator, securityGroupIds, instance, primarySubnetCidr } = options;
  let connectionTracking: Ec2Eni['connectionTracking'];

  const isPrimary = ({ eniId }: Ec2Eni) => eniId === instance.primaryEniId;
  const isManaged = (eni: Ec2Eni) => {
    const context = { ...instance, ...options, isPrimary: isPrimary(eni) };
    return eniManagement(eni, context).kind === 'managed';
  };

  /** The subnet's source mostly knows; with custom networking, and no right to ask EC2, metadata does. */
  async function subnetCidrOf(
    eni: Awaited<ReturnType<EniAllocator['allocateEni']>>,
    signal: AbortSignal,
  ): Promise<ObservedEni['subnetCidr']> {
    if (eni.subnetCidr !== undefined) return eni.subnetCidr as ObservedEni['subnetCidr'];
    if (eni.subnetId === instance.subnetId) return primarySubnetCidr;
    const shown = (await options.imds.readEnis({ signal })).find(
      ({ eniId }) => eniId === eni.eniId,
    );
    if (shown !== undefined) return shown.subnetCidr;
    throw new Error(
      `nobody tells the CIDR of ${eni.subnetId} yet; metadata will, with ${eni.eniId}`,
    );
  }

  return {
    allocateEni: async (wanted, { signal }) => {
      const eni = await allocator.allocateEni({
        ...wanted,
        securityGroupIds: securityGroupIds(),
        connectionTracking,
        signal,
      });
      return { ...eni, subnetCidr: await subnetCidrOf(eni, signal), isPrimary: false };
    },
    assignAddresses: (eniId, count, { signal }) =>
      allocator.assignAddresses(eniId, count, { signal }),
    unassignAddresses: (eniId, addresses, { signal }) =>
      allocator.unassignAddresses(eniId, addresses, { signal }),
    assignPrefixes: (eniId, count, { signal }) =>
      allocator.assignPrefixes(eniId, count, { signal }),
    unassignPrefixes: (eniId, prefixes, { signal }) =>
      allocator.unassignPrefixes(eniId, prefixes, { signal }),
    freeEni: (eniId, { signal }) => allocator.freeEni(eniId, { signal }),
    describeEnis: async (eniIds, { signal }) => {
      const described = (await allocator.describeEnis(eniIds, { signal })).filter(
        (eni) => eni.instanceId === instance.instanceId && eni.status !== 'detaching',
      );
      connectionTracking = described.find(isPrimary)?.connectionTracking ?? connectionTracking;
      options.onDescribed(described.filter(isManaged));
      return Promise.all(
        described.map(async (eni) => ({
          ...truthOf(eni),
          isManaged: isManaged(eni),
          role: roleOf(eni, await options.isExcluded(eni.subnetId)),
        })),
      );
    },
    deleteLeakedEnis: async ({ signal }) => {
      if (!options.deletesLeaked) return;
      await allocator.deleteLeakedEnis({ olderThanMs: 0, isNeeded: options.isNeeded, signal });
    },
  };
}

const truthOf = ({ deviceNumber = 0, networkCardIndex = 0, ...eni }: Ec2Eni) => ({
  eniId: eni.eniId,
  deviceNumber,
  networkCardIndex,
  secondaryAddresses: eni.secondaryAddresses,
  prefixes: eni.prefixes,
});

function roleOf(eni: Ec2Eni, isExcluded: boolean): NonNullable<EniTruth['role']> {
  if (isExcluded) return 'excluded';
  const roles: Record<ReturnType<typeof eniKind>, EniRole> = {
    standard: 'ordinary',
    trunk: 'trunk',
    efa: 'efa',
    'efa-only': 'excluded',
  };
  return roles[eniKind(eni)];
}
