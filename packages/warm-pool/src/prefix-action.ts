import type { GrowthReason, ReturnReason } from './action-reason.ts';

/** Create and attach an ENI with this many prefixes, and no single addresses. */
export interface CreateEniWithPrefixes {
  readonly kind: 'create-eni-with-prefixes';
  readonly prefixCount: number;
  readonly networkCardIndex: number;
  /** As in {@link CreateEni}. */
  readonly subnetId?: string;
  readonly reason: GrowthReason;
}

/** Assign more prefixes to an ENI: /28, of 16 addresses each, or with IPv6 a /80. */
export interface AssignPrefixes {
  readonly kind: 'assign-prefixes';
  readonly eniId: string;
  readonly prefixCount: number;
  readonly reason: GrowthReason;
}

/** Give these prefixes back to EC2; no pod has an address of theirs. Drain them first. */
export interface UnassignPrefixes {
  readonly kind: 'unassign-prefixes';
  readonly eniId: string;
  readonly prefixes: readonly string[];
  readonly reason: ReturnReason;
}
