import type { PoolEni, PoolPrefix } from '../pool-state.ts';

/** v1.23.1 keeps single addresses and prefixes in one map of an ENI's CIDRs (§2.1). */
export const prefixesOf = ({ prefixes = [] }: PoolEni): readonly PoolPrefix[] => prefixes;

/** Single addresses in the store: those promised back to EC2 have left it. */
export const singleCountOf = (eni: PoolEni): number =>
  Math.max(0, eni.totalCount - eni.drainingCount);

/** CIDRs of either kind; each takes a slot. */
export const cidrCountOf = (eni: PoolEni): number => singleCountOf(eni) + prefixesOf(eni).length;

/** Single addresses without a pod, cooling ones included. */
export const unreservedSinglesOf = (eni: PoolEni): number =>
  Math.max(0, singleCountOf(eni) - eni.reservedCount);

/** Prefixes none of whose addresses a pod has; some may be cooling. */
export const freePrefixesOf = (eni: PoolEni): readonly PoolPrefix[] =>
  prefixesOf(eni).filter(({ reservedCount }) => reservedCount === 0);

export const podCountOf = (eni: PoolEni): number =>
  eni.reservedCount + sumOf(prefixesOf(eni), ({ reservedCount }) => reservedCount);

export const coolingCountOf = (eni: PoolEni): number =>
  eni.coolingCount + sumOf(prefixesOf(eni), ({ coolingCount }) => coolingCount);

export const sumOf = <T>(items: readonly T[], figure: (item: T) => number): number =>
  items.reduce((total, item) => total + figure(item), 0);
