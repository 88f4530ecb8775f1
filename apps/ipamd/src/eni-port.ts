import {
  type EniTruth as Ec2Eni,
  type EniAllocator,
  eniKind,
  eniManagement,
} from '@vpc-cni/eni-allocator';
import type { EniFacts, Imds, InstanceFacts } from '@vpc-cni/imds';
import {
  type EniRole,
  isIpv4Address,
  isIpv4Prefix,
  isIpv6Prefix,
  parseIpv6Prefix,
} from '@vpc-cni/ipam';
import type { EniPort, EniTruth, MetadataPort, ObservedEni } from '@vpc-cni/pool-controller';
import type { PrimarySubnet } from './aws.ts';
import type { IpamdConfig } from './config.ts';
import type { NetworkFacts } from './network-facts.ts';

type PodFamily = IpamdConfig['podFamily'];

type SubnetCidrs = Pick<ObservedEni, 'subnetCidr' | 'subnetIpv6Cidr'>;

type EniBlocks = Pick<EniFacts, 'secondaryAddresses' | 'prefixes' | 'ipv6Prefixes'>;

/** EC2 gives a new ENI an IPv6 address or prefixes, not both; the prefix is assigned to it afterwards. */
const WITHOUT_PREFIX = { addressCount: 0, hasIpv6Address: true } as const;

/** The controller's view of instance metadata. */
export const createMetadataPort = (imds: Imds, podFamily: PodFamily): MetadataPort => ({
  readEnis: async ({ signal }) =>
    (await imds.readEnis({ signal }))
      .filter((eni) => eni.networkCardIndex === 0)
      .map((eni) => ({ ...eni, ...podBlocksOf(eni, podFamily) })),
});

export interface EniPortOptions {
  readonly allocator: EniAllocator;
  readonly securityGroupIds: () => NetworkFacts['securityGroupIds'];
  readonly instance: InstanceFacts;
  readonly imds: Pick<Imds, 'readEnis'>;
  readonly primarySubnet: PrimarySubnet;
  readonly podFamily: PodFamily;
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
  const { allocator, securityGroupIds, instance, podFamily } = options;
  const isIpv6 = podFamily === 'ipv6';
  let connectionTracking: Ec2Eni['connectionTracking'];

  const isPrimary = ({ eniId }: Ec2Eni) => eniId === instance.primaryEniId;
  const isManaged = (eni: Ec2Eni) => {
    const context = { ...instance, ...options, isPrimary: isPrimary(eni) };
    return eniManagement(eni, context).kind === 'managed';
  };

  /** The subnet's source mostly knows; with custom networking, and no right to ask EC2, metadata does. */
  async function subnetOf(
    eni: Awaited<ReturnType<EniAllocator['allocateEni']>>,
    signal: AbortSignal,
  ): Promise<SubnetCidrs> {
    if (eni.subnetCidr !== undefined) return cidrsOf(eni as SubnetCidrs); // as EC2 writes them
    if (eni.subnetId === instance.subnetId) return cidrsOf(options.primarySubnet);
    const shown = (await options.imds.readEnis({ signal })).find(
      ({ eniId }) => eniId === eni.eniId,
    );
    if (shown !== undefined) return cidrsOf(shown);
    throw new Error(
      `nobody tells the CIDR of ${eni.subnetId} yet; metadata will, with ${eni.eniId}`,
    );
  }

  return {
    allocateEni: async (wanted, { signal }) => {
      const { networkCardIndex, clientToken, usedSlots } = wanted;
      const eni = await allocator.allocateEni({
        ...(isIpv6 ? { networkCardIndex, clientToken, usedSlots, ...WITHOUT_PREFIX } : wanted),
        securityGroupIds: securityGroupIds(),
        connectionTracking,
        signal,
      });
      const { subnetCidr, subnetIpv6Cidr, ...created } = eni;
      const subnet = await subnetOf(eni, signal);
      return { ...created, ...subnet, ...podBlocksOf(eni, podFamily), isPrimary: false };
    },
    assignAddresses: (eniId, count, { signal }) =>
      allocator.assignAddresses(eniId, count, { signal }),
    unassignAddresses: (eniId, addresses, { signal }) =>
      allocator.unassignAddresses(eniId, addresses.filter(isIpv4Address), { signal }),
    assignPrefixes: async (eniId, count, { signal }) =>
      isIpv6
        ? (await allocator.assignIpv6Prefixes(eniId, count, { signal })).map(parseIpv6Prefix)
        : allocator.assignPrefixes(eniId, count, { signal }),
    unassignPrefixes: (eniId, prefixes, { signal }) =>
      isIpv6
        ? allocator.unassignIpv6Prefixes(eniId, prefixes.filter(isIpv6Prefix), { signal })
        : allocator.unassignPrefixes(eniId, prefixes.filter(isIpv4Prefix), { signal }),
    freeEni: (eniId, { signal }) => allocator.freeEni(eniId, { signal }),
    describeEnis: async (eniIds, { signal }) => {
      const described = (await allocator.describeEnis(eniIds, { signal })).filter(
        (eni) => eni.instanceId === instance.instanceId && eni.status !== 'detaching',
      );
      connectionTracking = described.find(isPrimary)?.connectionTracking ?? connectionTracking;
      options.onDescribed(described.filter(isManaged));
      return Promise.all(
        described.map(async (eni) => ({
          ...truthOf(eni, podFamily),
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

const cidrsOf = ({ subnetCidr, subnetIpv6Cidr }: SubnetCidrs): SubnetCidrs => ({
  subnetCidr,
  ...(subnetIpv6Cidr === undefined ? {} : { subnetIpv6Cidr }),
});

const truthOf = (
  { deviceNumber = 0, networkCardIndex = 0, ...eni }: Ec2Eni,
  podFamily: PodFamily,
) => ({
  eniId: eni.eniId,
  deviceNumber,
  networkCardIndex,
  ...podBlocksOf(eni, podFamily),
});

/** What of an ENI is for pods. In IPv6 single addresses are the node's own. */
const podBlocksOf = (
  { secondaryAddresses, prefixes, ipv6Prefixes }: EniBlocks,
  podFamily: PodFamily,
): Pick<ObservedEni, 'secondaryAddresses' | 'prefixes'> =>
  podFamily === 'ipv6'
    ? { secondaryAddresses: [], prefixes: ipv6Prefixes.map(parseIpv6Prefix) }
    : { secondaryAddresses, prefixes: prefixes.filter(isIpv4Prefix) };

function roleOf(eni: Ec2Eni, isExcluded: boolean): NonNullable<EniTruth['role']> {
  const kind = eniKind(eni);
  // No pod has an address of the trunk, whatever becomes of its subnet.
  if (isExcluded && kind !== 'trunk') return 'excluded';
  const roles: Record<ReturnType<typeof eniKind>, EniRole> = {
    standard: 'ordinary',
    trunk: 'trunk',
    efa: 'efa',
    'efa-only': 'excluded',
  };
  return roles[kind];
}
