import { type HostNetwork, type HostSettings, routeTableId } from '@vpc-cni/host-network';
import type { HostPort, ObservedEni } from '@vpc-cni/pool-controller';

/** The controller's view of the host: secondary ENIs. */
export function createHostPort(network: HostNetwork, settings: () => HostSettings): HostPort {
  return {
    routeTableId,
    setUpEni: (eni, { signal }) => network.setUpEni(eniLinkOf(eni), settings(), { signal }),
    tearDownEni: ({ primaryAddress }) => network.tearDownEni({ primaryAddress }),
  };
}

const eniLinkOf = (eni: ObservedEni) => ({
  mac: eni.mac,
  primaryAddress: eni.primaryAddress,
  subnetCidr: eni.subnetCidr,
  routeTableId: routeTableId(eni),
});
