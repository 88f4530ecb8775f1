import type { V1Node } from '@kubernetes/client-node';

/** What a daemon keeps of its node. */
export interface NodeFacts {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** `spec.unschedulable`: cordoned. */
  readonly isCordoned: boolean;
  /** `status.capacity.pods`; `undefined` before kubelet has said it. */
  readonly maxPods: number | undefined;
}

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

/** Of a node's many fields, those few. */
export function nodeFactsOf({ metadata, spec, status }: V1Node): NodeFacts {
  const maxPods = Number(status?.capacity?.['pods'] ?? Number.NaN);
  return {
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    taints: (spec?.taints ?? []).map(({ key, value, effect }) => ({
      key,
      effect,
      ...(value === undefined ? {} : { value }),
    })),
    isCordoned: spec?.unschedulable === true,
    maxPods: Number.isInteger(maxPods) ? maxPods : undefined,
  };
}

/** The taint by which the scheduler leaves a node alone. */
export const UNSCHEDULABLE_TAINT = 'node.kubernetes.io/unschedulable';

/**
 * Whether new pods may come. The taint follows the cordon within moments; either is enough, as both mean
 * that the node is to be left alone.
 */
export const isSchedulable = ({ isCordoned, taints }: NodeFacts): boolean =>
  !isCordoned &&
  !taints.some(({ key, effect }) => key === UNSCHEDULABLE_TAINT && effect === 'NoSchedule');
