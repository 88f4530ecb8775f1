import type { NetConf } from './net-conf.ts';
import { ANY_ROUTE_TABLE, type HeldAddress, type PodWiring } from './ports.ts';

/**
 * The wiring that an attachment with this address has, or should have. That of a stranded address can
 * only be torn down.
 */
export function wiringOf(held: HeldAddress, conf: NetConf, netnsPath: string): PodWiring {
  return {
    netnsPath,
    podLinkName: held.key.interfaceName,
    podNamespace: held.podNamespace,
    podName: held.podName,
    vethPrefix: conf.vethPrefix,
    mtuBytes: conf.mtuBytes,
    address: held.address,
    routeTableId: held.eni?.routeTableId ?? ANY_ROUTE_TABLE,
  };
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
