import type { AssignAddresses } from './action.ts';
import type { GrowthReason } from './action-reason.ts';
import type { AssignPrefixes } from './prefix-action.ts';

/** What takes one slot of an ENI. */
export type Unit = 'address' | 'prefix';

/** Asks for so many of a unit on an ENI. */
export const assignment = (
  unit: Unit,
  eniId: string,
  count: number,
  reason: GrowthReason,
): AssignAddresses | AssignPrefixes =>
  unit === 'prefix'
    ? { kind: 'assign-prefixes', eniId, prefixCount: count, reason }
    : { kind: 'assign-addresses', eniId, count, reason };
