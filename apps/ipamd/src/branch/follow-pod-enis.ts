import type { V1Pod } from '@kubernetes/client-node';
import {
  type Followed,
  followObjects,
  POD_ENI_KEY,
  PODS,
  type PodFacts,
  podFactsOf,
  readPodEni,
} from '@vpc-cni/kubernetes';
import type { BranchEni, PodIdentity, Refusal } from '@vpc-cni/plugin';
import type { Cluster } from '../cluster/cluster.ts';
import type { Context } from '../context.ts';
import { type PodEniPlace, placeOfPodEni } from './place-of-pod-eni.ts';

/** Whether pods are to have ENIs of their own, and which. */
export interface PodEnis {
  /**
   * The pod's ENI, once it is there; `undefined` for a pod that is to have none. Waits a bounded time for what
   * others have to do first.
   */
  find(
    pod: PodIdentity & { readonly podUid?: string | undefined },
    options: { readonly signal: AbortSignal },
  ): Promise<FoundPodEni | Refusal | undefined>;
}

export type FoundPodEni = { readonly kind: 'found' } & PodEniPlace &
  Pick<BranchEni, 'trunkLinkIndex'>;

/** The trunk is entered into the address book by the pool, which looks for new ENIs by itself. */
const TRUNK_LOOK_MS = 1_000;

/**
 * Follows the node's pods, and of them no more than {@link PodFacts}: what an ADD asks for is mostly known, and
 * a sandbox that is made anew needs no API server.
 */
export function followPodEnis(
  { config, clock, log, signal: ending }: Pick<Context, 'config' | 'clock' | 'log' | 'signal'>,
  {
    cluster: { client, nodeName },
    findTrunkLink,
    random,
  }: {
    readonly cluster: Pick<Cluster, 'client' | 'nodeName'>;
    /** Index of the trunk ENI's link; `undefined` while the node has none. */
    readonly findTrunkLink: () => Promise<number | undefined>;
    /** Default: `Math.random`. */
    readonly random?: (() => number) | undefined;
  },
): PodEnis {
  const { addWaitMs: waitMs } = config;
  const { addressFamily: family = 'ipv4' } = config.targets;
  const pods = followObjects<V1Pod, PodFacts>({
    client,
    clock,
    signal: ending,
    resource: PODS,
    fieldSelector: `spec.nodeName=${nodeName}`,
    keep: podFactsOf,
    ...(random === undefined ? {} : { random }),
    onTrouble: (trouble) => {
      if (trouble === undefined) log.info('the pods of the node are known again');
      else log.warn({ err: trouble }, 'new pods are not known: Kubernetes does not answer');
    },
  });

  async function uidNow({ podNamespace, podName }: PodIdentity, signal: AbortSignal) {
    const subject = { resource: PODS, namespace: podNamespace, name: podName };
    return podFactsOf(await client.get<V1Pod>(subject, { signal })).uid;
  }

  async function untilTrunkLink(signal: AbortSignal): Promise<number> {
    for (;;) {
      const index = await findTrunkLink();
      if (index !== undefined) return index;
      await clock.sleep(TRUNK_LOOK_MS, { signal });
    }
  }

  return {
    find: async (pod, options) => {
      const name = `${pod.podNamespace}/${pod.podName}`;
      const limit = startLimit(clock, waitMs, AbortSignal.any([options.signal, ending]));
      const { signal } = limit;
      let waitsFor: Wait = 'pod';
      try {
        // A name may have been another pod's a moment ago, and what is known of that one must not count.
        const uid = pod.podUid || (await uidNow(pod, signal));
        const look = <T>(see: (facts: PodFacts) => T | undefined) =>
          pods.until(
            (all) => {
              const facts = all.get(name);
              return facts?.uid === uid ? see(facts) : undefined;
            },
            { signal },
          );
        const { wantsBranchEni } = await look((facts) => facts);
        if (!wantsBranchEni) return undefined;
        waitsFor = 'annotation';
        const annotation = await look(({ podEniAnnotation }) => podEniAnnotation);
        const place = placeOfPodEni(readPodEni(annotation), family);
        waitsFor = 'trunk';
        return { kind: 'found', ...place, trunkLinkIndex: await untilTrunkLink(signal) };
      } catch (error) {
        options.signal.throwIfAborted();
        if (ending.aborted) return TERMINATING;
        return limit.isOver()
          ? refusalAfter(waitsFor, { name, waitMs, trouble: pods.trouble })
          : { kind: 'refused', reason: 'kubernetes', message: `pod ${name}: ${messageOf(error)}` };
      } finally {
        limit.end();
      }
    },
  };
}

const TERMINATING: Refusal = {
  kind: 'refused',
  reason: 'terminating',
  message: 'the daemon is ending',
};

type Wait = 'pod' | 'annotation' | 'trunk';

function refusalAfter(
  waitsFor: Wait,
  {
    name,
    waitMs,
    trouble,
  }: {
    readonly name: string;
    readonly waitMs: number;
    readonly trouble: Followed<PodFacts>['trouble'];
  },
): Refusal {
  const seconds = `${waitMs / 1_000} s`;
  const because = trouble === undefined ? '' : `: ${trouble.message}`;
  switch (waitsFor) {
    case 'pod':
      return {
        kind: 'refused',
        reason: 'kubernetes',
        message: `the API server has not told of pod ${name} within ${seconds}${because}`,
      };
    case 'annotation':
      return {
        kind: 'refused',
        reason: 'branch-eni-pending',
        message: `pod ${name} asks for ${POD_ENI_KEY}, and has had no such annotation for ${seconds}: the VPC resource controller writes it${because}`,
      };
    case 'trunk':
      return {
        kind: 'refused',
        reason: 'branch-eni-pending',
        message: `pod ${name} has an ENI, and this node has had no trunk ENI for ${seconds} to carry it`,
      };
  }
}

/** A signal that also fires when the time is over. */
function startLimit(clock: Context['clock'], ms: number, signal: AbortSignal) {
  const over = new AbortController();
  const done = new AbortController();
  clock.sleep(ms, { signal: done.signal }).then(
    () => over.abort(new Error(`over after ${ms} ms`)),
    () => {}, // in time
  );
  return {
    signal: AbortSignal.any([signal, over.signal]),
    isOver: () => over.signal.aborted,
    end: () => done.abort(),
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
