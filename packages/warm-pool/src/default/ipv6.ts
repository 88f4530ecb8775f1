import type { Work } from '../action.ts';
import type { Refusal } from '../refusal.ts';
import type { Card } from './card.ts';
import { isGrowable } from './counted-eni.ts';
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
    .map(({ eniId }) => ({ kind: 'assign-prefixes', eniId, prefixCount: 1, reason }));
  if (enis.length + coming.eniCount > 0) {
    return { actions, refusals: [] };
  }
  if (eniCount >= eniLimit) {
    return { actions, refusals: [{ reason: 'eni-limit', missingCount: 1, eniCount, eniLimit }] };
  }
  const place = subnets.forNewEni('address');
  if (place === undefined) {
    const untilMs = subnets.nextOpenAtMs;
    const refusal = { reason: 'subnet-full', missingCount: 1 } as const;
    return { actions, refusals: [{ ...refusal, ...(untilMs === undefined ? {} : { untilMs }) }] };
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
