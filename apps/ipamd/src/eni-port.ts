import type { EniAllocator } from '@vpc-cni/eni-allocator';
import type { Imds, InstanceFacts } from '@vpc-cni/imds';
import { isIpv4Prefix } from '@vpc-cni/ipam';
import type { EniPort, MetadataPort, ObservedEni } from '@vpc-cni/pool-controller';
import type { NetworkFacts } from './network-facts.ts';

/** Tag by which operators keep an ENI to themselves. */
const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';

/** The controller's view of instance metadata. */
export const createMetadataPort = (imds: Imds): MetadataPort => ({
  readEnis: async ({ signal }) =>
    (await imds.readEnis({ signal }))
      .filter((eni) => eni.networkCardIndex === 0)
      .map((eni) => ({ ...eni, prefixes: eni.prefixes.filter(isIpv4Prefix) })),
});

/** The controller's view of EC2: new ENIs go to the primary ENI's subnet and security groups. */
export function createEniPort(options: {
  readonly allocator: EniAllocator;
  readonly securityGroupIds: () => NetworkFacts['securityGroupIds'];
  readonly instance: InstanceFacts;
  readonly primarySubnetCidr: ObservedEni['subnetCidr'];
}): EniPort {
  const { allocator, securityGroupIds, instance, primarySubnetCidr } = options;
  return {
    allocateEni: async (wanted, { signal }) => {
      const eni = await allocator.allocateEni({
        subnetId: instance.subnetId,
        securityGroupIds: securityGroupIds(),
        ...wanted,
        signal,
      });
      return { ...eni, subnetCidr: primarySubnetCidr, isPrimary: false };
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
    describeEnis: async (eniIds, { signal }) =>
      (await allocator.describeEnis(eniIds, { signal }))
        .filter((eni) => eni.instanceId === instance.instanceId && eni.status !== 'detaching')
        .map(({ deviceNumber = 0, networkCardIndex = 0, ...eni }) => ({
          eniId: eni.eniId,
          deviceNumber,
          networkCardIndex,
          secondaryAddresses: eni.secondaryAddresses,
          prefixes: eni.prefixes,
          isManaged: eni.tags[NO_MANAGE_TAG] !== 'true',
        })),
  };
}
