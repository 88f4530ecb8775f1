import { podLinkName } from './multi-nic.ts';
import type { NetConf } from './net-conf.ts';
import type {
  BranchEni,
  BranchLink,
  HeldAddress,
  PlacedAddress,
  PodInterface,
  PodWiring,
} from './ports.ts';

/** The interfaces of an attachment, one for each address that it holds. */
export const interfacesOf = (
  held: readonly HeldAddress[],
  conf: NetConf,
  netnsPath: string,
): readonly PodInterface[] =>
  held.map((one, interfaceIndex) => interfaceOf(one, { conf, netnsPath, interfaceIndex }));

/** The wiring that they have, or should have. */
export const wiringsOf = (
  held: readonly PlacedAddress[],
  conf: NetConf,
  netnsPath: string,
): readonly PodWiring[] =>
  held.map((one, interfaceIndex) => {
    const { branch: _, ...pod } = interfaceOf(one, { conf, netnsPath, interfaceIndex });
    return one.eni === undefined
      ? { ...pod, routeTableId: 0, branch: one.branch }
      : { ...pod, routeTableId: one.eni.routeTableId };
  });

function interfaceOf(
  held: HeldAddress,
  place: {
    readonly conf: NetConf;
    readonly netnsPath: string;
    readonly interfaceIndex: number;
  },
): PodInterface {
  const { conf, netnsPath, interfaceIndex } = place;
  return {
    netnsPath,
    podLinkName: podLinkName(held.key.interfaceName, interfaceIndex),
    ...(interfaceIndex === 0 ? {} : { interfaceIndex }),
    podNamespace: held.podNamespace,
    podName: held.podName,
    vethPrefix: conf.vethPrefix,
    mtuBytes: conf.mtuBytes,
    address: held.address,
    ...(held.branch === undefined ? {} : { branch: held.branch }),
  };
}

/** Whether a pod can be wired to it. */
export const isPlaced = (held: HeldAddress): held is PlacedAddress =>
  held.eni !== undefined || (held.branch !== undefined && isWhole(held.branch));

const isWhole = (branch: BranchLink): branch is BranchEni => 'trunkLinkIndex' in branch;

/** Key of the attachment that a request speaks of. */
export const keyOf = (
  request: { readonly containerId: string; readonly ifName: string },
  conf: NetConf,
) => ({
  networkName: conf.networkName,
  containerId: request.containerId,
  interfaceName: request.ifName,
});
