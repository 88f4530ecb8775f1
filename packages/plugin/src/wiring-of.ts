import type { NetConf } from './net-conf.ts';
import type { HeldAddress, PlacedAddress, PodInterface, PodWiring } from './ports.ts';

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
  };
}

/** The wiring that it has, or should have. */
export const wiringOf = (held: PlacedAddress, conf: NetConf, netnsPath: string): PodWiring => ({
  ...interfaceOf(held, conf, netnsPath),
  routeTableId: held.eni.routeTableId,
});

/** Key of the attachment that a request speaks of. */
export const keyOf = (
  request: { readonly containerId: string; readonly ifName: string },
  conf: NetConf,
) => ({
  networkName: conf.networkName,
  containerId: request.containerId,
  interfaceName: request.ifName,
});
