import { type IpCidr, type IpFamily, subnetOf } from '@vpc-cni/host-network';
import { POD_ENI_KEY, type PodEni } from '@vpc-cni/kubernetes';
import type { BranchEni } from '@vpc-cni/plugin';

/** What a pod's annotation says of its ENI, in the family of the cluster. */
export type PodEniPlace = { readonly address: string } & Pick<
  BranchEni,
  'vlanId' | 'mac' | 'router'
>;

/** @throws {TypeError} when the annotation has no address, or no subnet, of that family. */
export function placeOfPodEni(eni: PodEni, family: IpFamily): PodEniPlace {
  const { mac, vlanId } = eni;
  const [address, cidr] =
    family === 'ipv4' ? [eni.ipv4, eni.subnetCidr] : [eni.ipv6, eni.subnetIpv6Cidr];
  if (address === undefined || cidr === undefined) {
    const missing = address === undefined ? 'address' : 'subnet';
    throw new TypeError(`annotation ${POD_ENI_KEY} has no ${family} ${missing} of ${eni.eniId}`);
  }
  return { address, vlanId, mac, router: routerOf(cidr) };
}

function routerOf(cidr: string): string {
  try {
    return subnetOf(cidr as IpCidr).router; // which takes any text, and throws
  } catch (cause) {
    throw new TypeError(`annotation ${POD_ENI_KEY} has a subnet that is none: ${cidr}`, { cause });
  }
}
