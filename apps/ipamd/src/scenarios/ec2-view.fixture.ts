import type { Emulator } from '@vpc-cni/aws-emulator';
import {
  addressesOf,
  type IpAddress,
  type Ipv4Address,
  isIpv4Prefix,
  prefixAround,
} from '@vpc-cni/ipam';

type Eni = ReturnType<Emulator['describe']>['enis'][number];

/** The ENIs of an instance, as they really are. */
export const enisOf = (cloud: Emulator, instanceId: string): readonly Eni[] =>
  cloud.describe().enis.filter((eni) => eni.instanceId === instanceId);

/** Addresses that EC2 assigns to an ENI beside its primary one, those of prefixes too. */
export const podAddressesOf = ({ secondaryAddresses, prefixes }: Eni): readonly Ipv4Address[] => [
  ...secondaryAddresses,
  ...prefixes.filter(isIpv4Prefix).flatMap(addressesOf),
];

/** Whether packets of an instance's pods may have an address. */
export const isAssigned = (cloud: Emulator, instanceId: string, address: IpAddress): boolean =>
  enisOf(cloud, instanceId)
    .filter(({ status }) => status === 'in-use' || status === 'attaching')
    .some(({ secondaryAddresses, prefixes, ipv6Prefixes }) =>
      [...secondaryAddresses, ...prefixes, ...ipv6Prefixes].some(
        (block) => block === address || block === prefixAround(address),
      ),
    );

/** ENIs that we created and that are attached nowhere. */
export const leakedEnis = (cloud: Emulator): readonly string[] =>
  cloud
    .describe()
    .enis.filter(
      ({ status, description }) => status === 'available' && description.startsWith('aws-K8S-'),
    )
    .map(({ eniId }) => eniId);
