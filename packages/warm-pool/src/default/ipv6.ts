import type { Work } from '../action.ts';
import { assignment } from '../assignment.ts';
import type { Refusal } from '../refusal.ts';
import type { Card } from './card.ts';
import { isGrowable } from './counted-eni.ts';
import { missingAddresses } from './growth.ts';
import type { Subnets } from './subnets.ts';

/**
 * One /80 on every ENI that serves pods, and one such ENI on every card. There is no warm pool: a
 * prefix has more addresses than a node has pods, and nothing is ever given back.
 */
export function planIpv6(
  card: Card,
  subnets: Subnets,
): { readonly actions: readonly Work[]; readonly refusals: readonly Refusal[] } {
  const { networkCardIndex, coming, eniCount, eniLimit } = card;
  const reason = 'no-ipv6-prefix';
  const enis = card.enis.filter(isGrowable);
  const actions: Work[] = enis
    .filter(({ prefixCount, isBusy }) => prefixCount === 0 && !isBusy)
    .map(({ eniId }) => assignment('prefix', eniId, 1, reason));
  if (enis.length + coming.eniCount > 0) {
    return { actions, refusals: [] };
  }
  const hasSlot = eniCount < eniLimit;
  const place = hasSlot ? subnets.forNewEni('address') : undefined;
  if (place === undefined) {
    return { actions, refusals: missingAddresses(1, hasSlot ? 1 : 0, card, { card, subnets }) };
  }
  const { subnetId } = place;
  subnets.take(subnetId, 1);
  const inSubnet = subnetId === undefined ? {} : { subnetId };
  actions.push({
    kind: 'create-eni-with-prefixes',
    prefixCount: 1,
    networkCardIndex,
    ...inSubnet,
    reason,
  });
  return { actions, refusals: [] };
}
