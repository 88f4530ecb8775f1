import { type AttachmentMetadata, type CniAttachmentKey, migratedKey } from './attachment-key.ts';
import type { IpAddress } from './ip-address.ts';

/** A kernel rule that leads to a pod: `512: from all to ADDRESS lookup main`. */
export interface PodRule {
  readonly address: IpAddress;
  /** The link that the route to the address names. Default: not known. */
  readonly hostLinkName?: string;
}

/** A pod as the container runtime knows it. Whatever is left out is not known. */
export interface RunningSandbox {
  readonly containerId: string;
  readonly address?: IpAddress;
  /** The name that the pod's host veth has, by its namespace and name. */
  readonly hostLinkName?: string;
  /** The network's and the interface's name, which DEL will come with. */
  readonly networkName?: string;
  readonly interfaceName?: string;
  readonly podNamespace?: string;
  readonly podName?: string;
}

/** An address that a pod has, and what is known of the pod. */
export interface Claim {
  readonly address: IpAddress;
  readonly sandbox: RunningSandbox | undefined;
}

/** Addresses that pods have: by a rule, or by the runtime's word when EC2 assigns it to this node. */
export function claimsOf(
  {
    podRules,
    sandboxes = [],
  }: { readonly podRules: readonly PodRule[]; readonly sandboxes?: readonly RunningSandbox[] },
  isAssigned: (address: IpAddress) => boolean,
): readonly Claim[] {
  const claims = new Map<IpAddress, Claim>();
  for (const rule of podRules) {
    const { address } = rule;
    claims.set(address, { address, sandbox: sandboxOf(rule, sandboxes) });
  }
  for (const sandbox of sandboxes) {
    const { address } = sandbox;
    if (address !== undefined && isAssigned(address) && !claims.has(address)) {
      claims.set(address, { address, sandbox });
    }
  }
  return [...claims.values()];
}

const sandboxOf = (
  { address, hostLinkName }: PodRule,
  sandboxes: readonly RunningSandbox[],
): RunningSandbox | undefined =>
  sandboxes.find((sandbox) => sandbox.address === address) ??
  sandboxes.find((sandbox) => hostLinkName !== undefined && sandbox.hostLinkName === hostLinkName);

/** The key that DEL will come with, or one by which a DEL of the container finds the reservation. */
export const keyOfSandbox = ({
  containerId,
  networkName,
  interfaceName,
}: RunningSandbox): CniAttachmentKey =>
  networkName === undefined || interfaceName === undefined
    ? migratedKey(containerId)
    : { networkName, containerId, interfaceName };

export const metadataOfSandbox = ({
  podNamespace,
  podName,
}: RunningSandbox): AttachmentMetadata => ({
  ...(podNamespace === undefined ? {} : { podNamespace }),
  ...(podName === undefined ? {} : { podName }),
});
