import { eniKindOf, type PoolEni } from '../pool-state.ts';
import { PREFIX_SIZE } from '../prefix-size.ts';
import type { Card } from './card.ts';
import { freePrefixesOf, prefixesOf, singleCountOf, sumOf } from './cidrs.ts';

/** The figures v1.23.1 decides from, of one card (§2.5). */
export interface UpstreamStatistics {
  /** T: addresses of the mode in use, on ENIs that are not excluded. */
  readonly totalCount: number;
  /** A: those that pods have. */
  readonly reservedCount: number;
  /** C: those that are cooling. No decision looks at it. */
  readonly coolingCount: number;
  /** V = T − A. Quirk, trap 4: includes what is cooling. */
  readonly unreservedCount: number;
  /**
   * P: prefixes on all ENIs, excluded ones too. A running counter in v1.23.1, which drifts (trap 22);
   * counted here, as its own documentation of that defect asks for.
   */
  readonly prefixCount: number;
  /** F: prefixes without a pod. Quirk, §2.5: on excluded ENIs too. */
  readonly freePrefixCount: number;
}

export function statisticsOf(card: Card): UpstreamStatistics {
  const serving = card.enis.filter((eni) => eniKindOf(eni) !== 'excluded');
  const totalCount = sumOf(serving, (eni) => sizeOf(eni, card));
  const reservedCount = sumOf(serving, (eni) => reservedOf(eni, card));
  return {
    totalCount,
    reservedCount,
    coolingCount: sumOf(serving, (eni) =>
      card.assignmentMode === 'prefix'
        ? sumOf(prefixesOf(eni), (prefix) => prefix.coolingCount)
        : eni.coolingCount,
    ),
    unreservedCount: totalCount - reservedCount,
    prefixCount: sumOf(card.enis, (eni) => prefixesOf(eni).length),
    freePrefixCount: sumOf(card.enis, (eni) => freePrefixesOf(eni).length),
  };
}

/** Addresses of an ENI that belong to the mode in use. */
export const sizeOf = (eni: PoolEni, { assignmentMode }: Card): number =>
  assignmentMode === 'prefix' ? prefixesOf(eni).length * PREFIX_SIZE : singleCountOf(eni);

export const reservedOf = (eni: PoolEni, { assignmentMode }: Card): number =>
  assignmentMode === 'prefix'
    ? sumOf(prefixesOf(eni), ({ reservedCount }) => reservedCount)
    : eni.reservedCount;
