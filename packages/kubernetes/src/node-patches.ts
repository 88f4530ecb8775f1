import type { V1Node } from '@kubernetes/client-node';
import type { MergePatch, Versioned } from './patch-object.ts';

/** A node as far as its readiness for pods is concerned. */
export type PatchedNode = Versioned & Pick<V1Node, 'spec' | 'status'>;

/** Takes a start-up taint away, whatever its value and effect; `undefined` when it is not there. */
export function removeTaintPatch({ spec }: PatchedNode, key: string): MergePatch | undefined {
  const taints = spec?.taints ?? [];
  const left = taints.filter((taint) => taint.key !== key);
  return left.length === taints.length ? undefined : { spec: { taints: left } };
}

/** What the condition `NetworkUnavailable` says. */
export interface NetworkState {
  readonly isUnavailable: boolean;
  /** One word. */
  readonly reason: string;
  readonly message: string;
}

/**
 * Sets the condition `NetworkUnavailable`, of which the control plane makes a taint; `undefined` when it
 * says so already. Conditions are one list in a merge patch, so it must be one of the version it was made
 * for; it is a patch of the status.
 */
export function networkConditionPatch(
  { status }: PatchedNode,
  { isUnavailable, reason, message }: NetworkState,
  nowMs: number,
): MergePatch | undefined {
  const conditions = status?.conditions ?? [];
  const current = conditions.find(({ type }) => type === 'NetworkUnavailable');
  const state = isUnavailable ? 'True' : 'False';
  if (current?.status === state && current.reason === reason) return undefined;
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const condition = {
    type: 'NetworkUnavailable',
    status: state,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: current?.status === state ? (current.lastTransitionTime ?? now) : now,
  };
  const others = conditions.filter(({ type }) => type !== 'NetworkUnavailable');
  return { status: { conditions: [...others, condition] } };
}
