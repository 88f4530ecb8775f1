import type { WarmTargets } from '@vpc-cni/warm-pool';
import type { EmulatedNode } from './emulated-node.ts';

/** A node daemon by what a kubelet sees of it. */
export interface Contender {
  join(): Promise<void>;
  /** Resolves when the pool is on target. */
  settled(): Promise<void>;
  /** One ADD: whether the pod got an address. */
  add(podName: string): Promise<boolean>;
  stop(): Promise<void>;
}

export type ContenderFactory = (node: EmulatedNode, targets: WarmTargets) => Contender;
