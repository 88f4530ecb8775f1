import type { CniResult } from '@vpc-cni/cni-spec';
import { dummyName } from './dummy-interface.ts';
import type { PlacedAddress } from './ports.ts';

/** One interface of a pod that has been wired. */
export interface WiredInterface {
  readonly held: PlacedAddress;
  readonly hostLinkName: string;
  readonly podLinkName: string;
  readonly netnsPath: string;
}

/**
 * The result of an ADD, in the shape the AWS VPC CNI prints: of each interface the host's end and the pod's.
 *
 * Fields carry more than their names say, because upstream's DEL and chained plugins read them back:
 * `mac` of a pod interface is the decimal route table (0 for pods that have an ENI of their own), and a last
 * interface that exists nowhere (`dummy…`) carries that ENI's VLAN id as `mac`, or for ordinary pods 0, and the
 * device number of the first one's ENI as `sandbox`.
 */
export function addResult(wired: readonly [WiredInterface, ...WiredInterface[]]): CniResult {
  return {
    interfaces: [...wired.flatMap(linksOf), dummyOf(wired[0])],
    ips: wired.map(ipOf),
    routes: [],
  };
}

const linksOf = ({ held, hostLinkName, podLinkName, netnsPath }: WiredInterface) => [
  { name: hostLinkName },
  { name: podLinkName, mac: String(held.eni?.routeTableId ?? 0), sandbox: netnsPath },
];

function dummyOf({ held, hostLinkName }: WiredInterface) {
  const name = dummyName(hostLinkName);
  return held.eni === undefined
    ? { name, mac: String(held.branch.vlanId) }
    : { name, mac: '0', sandbox: String(held.eni.deviceNumber) };
}

/** The pod's own address is all that its link has of a network. */
const ipOf = ({ held }: WiredInterface, index: number) => ({
  address: `${held.address}/${held.address.includes(':') ? 128 : 32}`,
  interface: 2 * index + 1,
  ...(held.eni === undefined ? { gateway: held.branch.router } : {}),
});
