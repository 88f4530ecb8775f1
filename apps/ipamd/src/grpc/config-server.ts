import type { ServiceImpl } from '@connectrpc/connect';
import type { ConfigServerBackend } from './gen/rpc_pb.ts';
import type { NodeFacts } from './node-facts.ts';

/** What the network policy agent wants to know of the node. */
export const createConfigServer = (
  facts: () => NodeFacts,
): ServiceImpl<typeof ConfigServerBackend> => ({
  getNetworkPolicyConfigs: () => {
    const { podFamily, networkPolicyMode, allowsEveryCard, nodeAddress, instanceId, region } =
      facts();
    return {
      NetworkPolicyMode: networkPolicyMode,
      MultiNICEnabled: allowsEveryCard,
      [podFamily === 'ipv6' ? 'NodeIPv6' : 'NodeIPv4']: nodeAddress,
      InstanceID: instanceId,
      Region: region,
    };
  },
});
