import type { V1Pod } from '@kubernetes/client-node';
import { isKubernetesError, PODS, type PodEni, podFactsOf, readPodEni } from '@vpc-cni/kubernetes';
import type { BranchMode, PodIdentity, RememberedPod } from '@vpc-cni/plugin';
import type { Cluster } from '../cluster/cluster.ts';
import type { IpamdConfig } from '../config.ts';
import type { Context } from '../context.ts';

/**
 * What a pod's annotation tells of the ENI that it was given, for the DEL of an attachment that nobody here
 * knows: another daemon gave it the ENI.
 *
 * `undefined` for a pod that asks for none, that is gone, or whose name another pod has by now; and where the
 * annotation cannot be read, so that the pod can end.
 *
 * @throws {KubernetesError} when the API server does not tell.
 */
export type RecallPodEni = (
  pod: PodIdentity & { readonly podUid: string },
  options: { readonly signal: AbortSignal },
) => Promise<RememberedPod | undefined>;

export const podEniRecaller =
  (
    { client }: Pick<Cluster, 'client'>,
    {
      family,
      mode,
      log,
    }: {
      readonly family: IpamdConfig['podFamily'];
      /** As pods are wired now; taking them down does not depend on it. */
      readonly mode: BranchMode;
      readonly log: Context['log'];
    },
  ): RecallPodEni =>
  async ({ podUid, podNamespace, podName }, options) => {
    if (podName === '' || podUid === '') return undefined;
    const subject = { resource: PODS, namespace: podNamespace, name: podName };
    const pod = await client.get<V1Pod>(subject, options).catch(unlessGone);
    if (pod === undefined) return undefined;
    const { uid, wantsBranchEni, podEniAnnotation } = podFactsOf(pod);
    if (uid !== podUid || !wantsBranchEni || podEniAnnotation === undefined) return undefined;
    const eni = readable(podEniAnnotation, (error) =>
      log.warn(
        { err: error, podNamespace, podName },
        'what is left of a pod’s ENI on this node stays',
      ),
    );
    const address = family === 'ipv6' ? eni?.ipv6 : eni?.ipv4;
    if (eni === undefined || address === undefined) return undefined;
    return { podNamespace, podName, address, branch: { vlanId: eni.vlanId, mode } };
  };

function unlessGone(error: unknown): undefined {
  if (!isKubernetesError(error) || error.code !== 'not-found') throw error;
}

function readable(annotation: string, onFailure: (error: unknown) => void): PodEni | undefined {
  try {
    return readPodEni(annotation);
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}
