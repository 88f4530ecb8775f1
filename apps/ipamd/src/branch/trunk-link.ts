import { type EniLink, type HostNetwork, isHostNetworkError } from '@vpc-cni/host-network';

/** Finds the index of the trunk ENI's link; `undefined` while the node has no such ENI, or no link of it. */
export const trunkLinkFinder =
  (trunk: () => Pick<EniLink, 'mac'> | undefined, network: Pick<HostNetwork, 'linkIndexOf'>) =>
  async (): Promise<number | undefined> => {
    const mac = trunk()?.mac;
    if (mac === undefined) return undefined;
    try {
      return await network.linkIndexOf(mac);
    } catch (error) {
      if (isHostNetworkError(error) && error.code === 'link-not-found') return undefined;
      throw error;
    }
  };
