import {
  type AnnotatedPod,
  annotateIpPatch,
  forgetIpPatch,
  isKubernetesError,
  PODS,
  patchObject,
} from '@vpc-cni/kubernetes';
import type { AddressPort, Refusal } from '@vpc-cni/plugin';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';

/**
 * `ANNOTATE_POD_IP`: a pod has its address (of several the first) in an annotation before its ADD is answered; without it the ADD
 * fails and keeps nothing. A DEL empties it, and does not wait for that: mostly the pod is gone.
 */
export function annotatingPodIps(
  addresses: AddressPort,
  { client }: Pick<Cluster, 'client'>,
  { clock, log, signal: ending }: Pick<Context, 'clock' | 'log' | 'signal'>,
): AddressPort {
  const podOf = (pod: { readonly podNamespace: string; readonly podName: string }) => ({
    resource: PODS,
    namespace: pod.podNamespace,
    name: pod.podName,
  });

  async function forget([held]: Awaited<ReturnType<AddressPort['find']>>): Promise<void> {
    if (held === undefined || held.podName === '') return;
    const patchFor = (pod: AnnotatedPod) => forgetIpPatch(pod, held.address);
    await patchObject(client, podOf(held), patchFor, { signal: ending, clock });
  }

  return {
    ...addresses,
    reserve: async (key, pod, options) => {
      const reply = await addresses.reserve(key, pod, options);
      if (reply.kind === 'refused') return reply;
      const [{ address }] = reply.held;
      try {
        const patchFor = (object: AnnotatedPod) => annotateIpPatch(object, address);
        await patchObject(client, podOf(pod), patchFor, { ...options, clock });
        return reply;
      } catch (error) {
        if (reply.isNew) await addresses.release(key);
        options.signal.throwIfAborted();
        return refusalFor(error);
      }
    },
    release: async (key) => {
      const held = await addresses.find(key);
      await addresses.release(key);
      forget(held).catch((error: unknown) => {
        const isGone = isKubernetesError(error) && error.code === 'not-found';
        if (!isGone && !ending.aborted) {
          log.warn({ err: error, key }, 'the annotation of a lost address stays');
        }
      });
    },
  };
}

const refusalFor = (error: unknown): Refusal => ({
  kind: 'refused',
  reason: 'kubernetes',
  message: `the pod cannot be annotated with its address (ANNOTATE_POD_IP): ${error instanceof Error ? error.message : String(error)}`,
});
