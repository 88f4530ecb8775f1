import type { CniResult } from '@vpc-cni/cni-spec';
import type { PlacedAddress } from './ports.ts';

interface AddResultParts {
  readonly held: PlacedAddress;
  readonly hostLinkName: string;
  readonly vethPrefix: string;
  readonly podLinkName: string;
  readonly netnsPath: string;
}

/**
 * The result of an ADD, in the shape the AWS VPC CNI prints.
 *
 * Fields carry more than their names say, because upstream's DEL and chained plugins read them back:
 * `mac` of the pod interface is the decimal route table, and a last interface that exists nowhere
 * (`dummy…`) carries the VLAN id (0 for ordinary pods) as `mac` and the device number as `sandbox`.
 */
export function addResult(parts: AddResultParts): CniResult {
  const { held, hostLinkName, vethPrefix, podLinkName, netnsPath } = parts;
  const dummyName = `dummy${hostLinkName.slice(vethPrefix.length)}`;
  return {
    interfaces: [
      { name: hostLinkName },
      { name: podLinkName, mac: String(held.eni.routeTableId), sandbox: netnsPath },
      { name: dummyName, mac: '0', sandbox: String(held.eni.deviceNumber) },
    ],
    ips: [ipOf(held.address)],
    routes: [],
  };
}

/** The pod's own address is all that its link has of a network. */
const ipOf = (address: string) => ({
  address: `${address}/${address.includes(':') ? 128 : 32}`,
  interface: 1,
});
