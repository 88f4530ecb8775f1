import type { CniResult } from '@vpc-cni/cni-spec';
import { dummyName } from './dummy-interface.ts';
import type { PlacedAddress } from './ports.ts';

interface AddResultParts {
  readonly held: PlacedAddress;
  readonly hostLinkName: string;
  readonly podLinkName: string;
  readonly netnsPath: string;
}

/**
 * The result of an ADD, in the shape the AWS VPC CNI prints.
 *
 * Fields carry more than their names say, because upstream's DEL and chained plugins read them back:
 * `mac` of the pod interface is the decimal route table (0 for pods that have an ENI of their own), and a last
 * interface that exists nowhere (`dummy…`) carries that ENI's VLAN id as `mac`, or for ordinary pods 0, and the
 * device number as `sandbox`.
 */
export function addResult(parts: AddResultParts): CniResult {
  const { held, hostLinkName, podLinkName, netnsPath } = parts;
  const name = dummyName(hostLinkName);
  const { tableId, dummy, gateway } =
    held.eni === undefined
      ? {
          tableId: 0,
          dummy: { name, mac: String(held.branch.vlanId) },
          gateway: { gateway: held.branch.router },
        }
      : {
          tableId: held.eni.routeTableId,
          dummy: { name, mac: '0', sandbox: String(held.eni.deviceNumber) },
          gateway: {},
        };
  return {
    interfaces: [
      { name: hostLinkName },
      { name: podLinkName, mac: String(tableId), sandbox: netnsPath },
      dummy,
    ],
    ips: [{ ...ipOf(held.address), ...gateway }],
    routes: [],
  };
}

/** The pod's own address is all that its link has of a network. */
const ipOf = (address: string) => ({
  address: `${address}/${address.includes(':') ? 128 : 32}`,
  interface: 1,
});
