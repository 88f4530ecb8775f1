/** Something that people should hear of, about an object of the cluster. */
export interface ClusterEvent {
  readonly type: 'Warning' | 'Normal';
  /** One word, such as `MissingIAMPermissions`. */
  readonly reason: string;
  /** What was done or could not be done, such as `ec2:CreateNetworkInterface`. */
  readonly action: string;
  readonly note: string;
}

/** What the event is about, and who tells of it. */
export interface EventContext {
  readonly regarding:
    | {
        readonly kind: 'Pod';
        readonly namespace: string;
        readonly name: string;
        readonly uid?: string;
      }
    | { readonly kind: 'Node'; readonly name: string; readonly uid?: string };
  /** Such as `aws-node`. */
  readonly reportingController: string;
  /** The pod, or the node, it runs in. */
  readonly reportingInstance: string;
  readonly nowMs: number;
}

/** The server refuses longer ones. */
const LONGEST_NOTE = 1_024;

/** An object of kind Event, for `events.k8s.io/v1`; the server makes its name. */
export function eventObject(
  { type, reason, action, note }: ClusterEvent,
  { regarding, reportingController, reportingInstance, nowMs }: EventContext,
) {
  const namespace = regarding.kind === 'Pod' ? regarding.namespace : 'default';
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { generateName: `${regarding.name}.`, namespace },
    eventTime: new Date(nowMs).toISOString().replace('Z', '000Z'),
    reportingController,
    reportingInstance,
    action,
    reason,
    regarding: { apiVersion: 'v1', ...regarding },
    note: note.length > LONGEST_NOTE ? `${note.slice(0, LONGEST_NOTE - 1)}…` : note,
    type,
  } as const;
}
