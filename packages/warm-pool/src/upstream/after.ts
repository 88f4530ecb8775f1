import type { PoolEni, PoolPrefix } from '../pool-state.ts';
import type { Card } from './card.ts';
import { prefixesOf } from './cidrs.ts';
import type { UpstreamAction } from './plan-upstream.ts';

/** A card's store after an action: v1.23.1 changes the pool first and then looks for a spare ENI. */
export function after(card: Card, action: UpstreamAction, nowMs: number): Card {
  switch (action.kind) {
    case 'create-eni':
      return withEni(card, { ...newEni(nowMs), totalCount: action.addressCount });
    case 'create-eni-with-prefixes':
      return withEni(card, { ...newEni(nowMs), prefixes: newPrefixes(action.prefixCount) });
    case 'assign-addresses':
      return changed(card, action.eniId, (eni) => ({
        ...eni,
        totalCount: eni.totalCount + action.count,
      }));
    case 'assign-prefixes':
      return changed(card, action.eniId, (eni) => ({
        ...eni,
        prefixes: [...prefixesOf(eni), ...newPrefixes(action.prefixCount)],
      }));
    case 'unassign-addresses':
      return changed(card, action.eniId, (eni) => withoutAddresses(eni, action.addresses));
    case 'unassign-prefixes':
      return changed(card, action.eniId, (eni) => ({
        ...eni,
        prefixes: prefixesOf(eni).filter(({ prefix }) => !action.prefixes.includes(prefix)),
      }));
    case 'delete-eni':
      return { ...card, enis: card.enis.filter(({ eniId }) => eniId !== action.eniId) };
  }
}

function withoutAddresses(eni: PoolEni, addresses: readonly string[]): PoolEni {
  const stays = (address: string) => !addresses.includes(address);
  const { coolingAddresses = [] } = eni;
  const coolingLeft = coolingAddresses.filter(stays);
  return {
    ...eni,
    totalCount: eni.totalCount - addresses.length,
    coolingCount: eni.coolingCount - (coolingAddresses.length - coolingLeft.length),
    freeAddresses: eni.freeAddresses.filter(stays),
    coolingAddresses: coolingLeft,
  };
}

const withEni = (card: Card, eni: PoolEni): Card => ({ ...card, enis: [...card.enis, eni] });

const changed = (card: Card, eniId: string, change: (eni: PoolEni) => PoolEni): Card => ({
  ...card,
  enis: card.enis.map((eni) => (eni.eniId === eniId ? change(eni) : eni)),
});

const newEni = (nowMs: number): PoolEni => ({
  eniId: 'new',
  isPrimary: false,
  totalCount: 0,
  reservedCount: 0,
  coolingCount: 0,
  drainingCount: 0,
  attachedAtMs: nowMs,
  freeAddresses: [],
});

const newPrefixes = (count: number): readonly PoolPrefix[] =>
  Array.from({ length: count }, () => ({ prefix: 'new', reservedCount: 0, coolingCount: 0 }));
