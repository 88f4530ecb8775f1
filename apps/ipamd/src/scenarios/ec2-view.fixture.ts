import type { Emulator } from '@vpc-cni/aws-emulator';
import { addressesOf, type Ipv4Address, isIpv4Prefix } from '@vpc-cni/ipam';

type Eni = ReturnType<Emulator['describe']>['enis'][number];

/** The ENIs of an instance, as they really are. */
export const enisOf = (cloud: Emulator, instanceId: string): readonly Eni[] =>
  cloud.describe().enis.filter((eni) => eni.instanceId === instanceId);

/** Addresses that EC2 assigns to an ENI beside its primary one, those of prefixes too. */
export const podAddressesOf = ({ secondaryAddresses, prefixes }: Eni): readonly Ipv4Address[] => [
  ...secondaryAddresses,
  ...prefixes.filter(isIpv4Prefix).flatMap(addressesOf),
];

/** Addresses that packets of an instance's pods may have. */
export const assignedTo = (cloud: Emulator, instanceId: string): ReadonlySet<Ipv4Address> =>
  new Set(
    enisOf(cloud, instanceId)
      .filter(({ status }) => status === 'in-use' || status === 'attaching')
      .flatMap(podAddressesOf),
  );

/** ENIs that we created and that are attached nowhere. */
export const leakedEnis = (cloud: Emulator): readonly string[] =>
  cloud
    .describe()
    .enis.filter(
      ({ status, description }) => status === 'available' && description.startsWith('aws-K8S-'),
    )
    .map(({ eniId }) => eniId);
