import type { V1Pod } from '@kubernetes/client-node';
import {
  type ClusterEvent,
  EVENTS,
  type EventContext,
  eventObject,
  PODS,
} from '@vpc-cni/kubernetes';
import type { Context } from '../context.ts';
import type { Cluster } from './cluster.ts';

const NAMESPACE = 'kube-system';
const REPORTER = 'aws-node';
/** The same again is told no sooner. */
const REPEAT_MS = 1_800_000;

/**
 * Tells people by events of the cluster, about the daemon's own pod or, if that is not known, the node.
 *
 * Never waits and never fails: what cannot be told is logged, and told at the next occasion.
 */
export function createTeller(
  { config, clock, log, signal }: Context,
  { client, nodeName }: Pick<Cluster, 'client' | 'nodeName'>,
): (event: ClusterEvent) => void {
  const { podName: name } = config.cluster;
  const toldAtMs = new Map<string, number>();
  let regarding: EventContext['regarding'] | undefined;

  /** `kubectl describe` finds events by the uid of what they are about; a node's is its name. */
  async function findRegarding(): Promise<EventContext['regarding']> {
    if (name === '') return { kind: 'Node', name: nodeName, uid: nodeName };
    const pod = { resource: PODS, namespace: NAMESPACE, name };
    const { metadata } = await client.get<V1Pod>(pod, { signal });
    return { kind: 'Pod', namespace: NAMESPACE, name, uid: metadata?.uid ?? '' };
  }

  async function tell(event: ClusterEvent): Promise<void> {
    regarding ??= await findRegarding();
    const object = eventObject(event, {
      regarding,
      reportingController: REPORTER,
      reportingInstance: name || nodeName,
      nowMs: clock.nowMs(),
    });
    const subject = { resource: EVENTS, namespace: object.metadata.namespace };
    await client.create(subject, object, { signal });
  }

  return (event) => {
    const what = `${event.reason} ${event.action}`;
    const nowMs = clock.nowMs();
    if (nowMs - (toldAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    toldAtMs.set(what, nowMs);
    tell(event).catch((error: unknown) => {
      toldAtMs.delete(what);
      if (!signal.aborted) log.warn({ err: error, event }, 'people cannot be told by an event');
    });
  };
}

/** An action that EC2 does not allow, as the AWS VPC CNI tells of it. */
export const missingPermission = (action: string): ClusterEvent => ({
  type: 'Warning',
  reason: 'MissingIAMPermissions',
  action: `ec2:${action}`,
  note: `Unauthorized operation: failed to call ec2:${action} due to missing permissions. Please refer https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/iam-policy.md to attach relevant policy to IAM role`,
});
