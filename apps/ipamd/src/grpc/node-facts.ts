/** What callers of the daemon are told of the node. */
export interface NodeFacts {
  readonly podFamily: 'ipv4' | 'ipv6';
  /** `AWS_VPC_K8S_CNI_EXTERNALSNAT`; pods with IPv6 addresses are never translated. */
  readonly usesExternalSnat: boolean;
  /** Destinations that pods reach with their own address. */
  readonly unmappedCidrs: readonly string[];
  /** `NETWORK_POLICY_ENFORCING_MODE` as it was written; empty without network policies. */
  readonly networkPolicyMode: string;
  /** `ENABLE_MULTI_NIC`. */
  readonly allowsEveryCard: boolean;
  /** Primary address of the node, in the pods' family. */
  readonly nodeAddress: string;
  readonly instanceId: string;
  readonly region: string;
}
