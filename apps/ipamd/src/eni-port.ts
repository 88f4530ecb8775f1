import type { EniAllocator } from '@vpc-cni/eni-allocator';
import type { Imds, InstanceFacts } from '@vpc-cni/imds';
import type { EniPort, MetadataPort, ObservedEni } from '@vpc-cni/pool-controller';
import type { NetworkFacts } from './network-facts.ts';

/** Tag by which operators keep an ENI to themselves. */
const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';

/** The controller's view of instance metadata. */
export const createMetadataPort = (imds: Imds): MetadataPort => ({
  readEnis: async ({ signal }) =>
    (await imds.readEnis({ signal })).filter((eni) => eni.networkCardIndex === 0),
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
    allocateEni: async (addressCount, { signal }) => {
      const eni = await allocator.allocateEni({
        subnetId: instance.subnetId,
        securityGroupIds: securityGroupIds(),
        addressCount,
        signal,
      });
      return { ...eni, subnetCidr: primarySubnetCidr, isPrimary: false };
    },
    assignAddresses: (eniId, count, { signal }) =>
      allocator.assignAddresses(eniId, count, { signal }),
    unassignAddresses: (eniId, addresses, { signal }) =>
      allocator.unassignAddresses(eniId, addresses, { signal }),
    freeEni: (eniId, { signal }) => allocator.freeEni(eniId, { signal }),
    describeEnis: async (eniIds, { signal }) =>
      (await allocator.describeEnis(eniIds, { signal }))
        .filter((eni) => eni.instanceId === instance.instanceId && eni.status !== 'detaching')
        .map(({ eniId, secondaryAddresses, tags, deviceNumber = 0, networkCardIndex = 0 }) => ({
          eniId,
          deviceNumber,
          networkCardIndex,
          secondaryAddresses,
          isManaged: tags[NO_MANAGE_TAG] !== 'true',
        })),
  };
}
