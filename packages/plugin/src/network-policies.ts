import { policyError } from './cni-error-table.ts';
import type { PluginPorts } from './plugin-ports.ts';
import type { PodIdentity } from './ports.ts';
import { requireWanted } from './require-wanted.ts';

/** Of a pod: several network cards are not served. */
const INTERFACE_COUNT = 1;

/**
 * Has the agent take a pod on that is wired, before the runtime starts anything in it.
 *
 * @throws {CniError} 104 when it does not, and is not asked for the pod any more.
 */
export async function enforcePolicies(
  { policies }: Pick<PluginPorts, 'policies'>,
  pod: PodIdentity,
  signal: AbortSignal,
): Promise<void> {
  const failure = await policies?.enforce(pod, { interfaceCount: INTERFACE_COUNT, signal });
  if (failure === undefined) return;
  // It may have begun; that it cannot forget either changes nothing.
  if (failure.reason !== 'agent-away') await policies?.forget(pod);
  requireWanted(signal);
  throw policyError(failure, `enforce the network policies of pod ${nameOf(pod)}`);
}

/**
 * Tells the agent that a pod is gone, unless another sandbox of the pod has come: the agent knows pods by their
 * names. As in the AWS VPC CNI, a DEL fails only if there is no agent to be told, and the next one does not ask.
 *
 * @throws {CniError} 104 when there is none.
 */
export async function forgetPolicies(
  { policies, addresses, queue }: Pick<PluginPorts, 'policies' | 'addresses' | 'queue'>,
  pod: PodIdentity,
  networkName: string,
): Promise<void> {
  if (policies === undefined) return;
  // In the pod's turn, so that this and the ADD of the next sandbox cannot pass each other on the way to the agent.
  const failure = await queue.wire(pod, async () => {
    const held = await addresses.list(networkName);
    return held.some((other) => isSamePod(other, pod)) ? undefined : policies.forget(pod);
  });
  if (failure?.reason === 'agent-away') {
    throw policyError(failure, `tell the network policy agent that pod ${nameOf(pod)} is gone`);
  }
}

const isSamePod = (one: PodIdentity, other: PodIdentity): boolean =>
  one.podNamespace === other.podNamespace && one.podName === other.podName;

const nameOf = ({ podNamespace, podName }: PodIdentity) => `${podNamespace}/${podName}`;
