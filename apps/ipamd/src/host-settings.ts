import type { HostSettings } from '@vpc-cni/host-network';
import type { InstanceFacts } from '@vpc-cni/imds';
import type { IpamdConfig } from './config.ts';
import type { NetworkFacts } from './network-facts.ts';

/**
 * The host's wiring in this VPC.
 *
 * @throws {Error} when pods are to have IPv6 addresses and the node has none.
 */
export const hostSettings = (
  config: Pick<IpamdConfig, 'host' | 'podFamily' | 'cluster'>,
  instance: InstanceFacts,
  { vpcCidrs }: Pick<NetworkFacts, 'vpcCidrs'>,
): HostSettings => ({
  ...config.host,
  ...(config.cluster.podEni ? { branchEnis: config.cluster.podSecurityGroupEnforcingMode } : {}),
  primaryMac: instance.primaryMac,
  primaryAddress: nodeAddress(config, instance),
  vpcCidrs,
});

/** The node's own address in the family of its pods. */
export function nodeAddress(
  { podFamily }: Pick<IpamdConfig, 'podFamily'>,
  { primaryAddress, primaryIpv6Address, primaryEniId }: InstanceFacts,
): HostSettings['primaryAddress'] {
  if (podFamily === 'ipv4') return primaryAddress;
  if (primaryIpv6Address !== undefined) return primaryIpv6Address;
  throw new Error(
    `ENABLE_IPv6 is true and the primary ENI ${primaryEniId} has no IPv6 address: start the node in a subnet that gives one to each ENI`,
  );
}
