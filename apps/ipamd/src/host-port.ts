import { type EniLink, type HostSettings, routeTableId } from '@vpc-cni/host-network';
import type { HostPort } from '@vpc-cni/pool-controller';
import type { PoolHost } from './pool.ts';

/** The controller's view of the host: secondary ENIs. */
export function createHostPort(network: PoolHost, settings: () => HostSettings): HostPort {
  const links = new Map<string, EniLink>();
  return {
    routeTableId,
    setUpEni: async (eni, { signal }) => {
      const { mac, primaryAddress, subnetCidr } = eni;
      const link = { mac, primaryAddress, subnetCidr, routeTableId: routeTableId(eni) };
      links.set(eni.eniId, link);
      await network.setUpEni(link, settings(), { signal });
    },
    tearDownEni: async (eniId) => {
      const link = links.get(eniId);
      if (link === undefined) return;
      await network.tearDownEni(link);
      links.delete(eniId);
    },
  };
}
