import type { NetConf } from './net-conf.ts';
import type {
  BranchEni,
  BranchLink,
  HeldAddress,
  PlacedAddress,
  PodInterface,
  PodWiring,
} from './ports.ts';

/** The interface of the attachment that holds this address. */
export function interfaceOf(held: HeldAddress, conf: NetConf, netnsPath: string): PodInterface {
  return {
    netnsPath,
    podLinkName: held.key.interfaceName,
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

/** The wiring that it has, or should have. */
export function wiringOf(held: PlacedAddress, conf: NetConf, netnsPath: string): PodWiring {
  const { branch: _, ...pod } = interfaceOf(held, conf, netnsPath);
  return held.eni === undefined
    ? { ...pod, routeTableId: 0, branch: held.branch }
    : { ...pod, routeTableId: held.eni.routeTableId };
}

/** Key of the attachment that a request speaks of. */
export const keyOf = (
  request: { readonly containerId: string; readonly ifName: string },
  conf: NetConf,
) => ({
  networkName: conf.networkName,
  containerId: request.containerId,
  interfaceName: request.ifName,
});
