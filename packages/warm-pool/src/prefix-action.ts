import type { GrowthReason } from './action.ts';

/** Assign more /28 prefixes, of 16 addresses each, to an ENI. */
export interface AssignPrefixes {
  readonly kind: 'assign-prefixes';
  readonly eniId: string;
  readonly prefixCount: number;
  readonly reason: GrowthReason | 'below-warm-prefixes';
}

/** Give these prefixes back to EC2; no pod has an address of theirs. */
export interface UnassignPrefixes {
  readonly kind: 'unassign-prefixes';
  readonly eniId: string;
  readonly prefixes: readonly string[];
  readonly reason: 'above-targets';
}
