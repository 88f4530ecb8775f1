import type { PlanLimits } from '@vpc-cni/warm-pool';
import type { EniSlot } from './ports.ts';

/**
 * What the pool may have on each of its network cards, beside ENIs that are not its own.
 *
 * @param limits of the instance type. Cards whose own limits it does not know have that of card 0.
 * @param maxEnisPerCard `MAX_ENI`.
 */
export function limitsByCard(
  networkCards: readonly number[],
  limits: PlanLimits,
  others: readonly EniSlot[],
  maxEnisPerCard = Number.POSITIVE_INFINITY,
): PlanLimits & Required<Pick<PlanLimits, 'networkCards'>> {
  const maxEnisOn = (card: number) => {
    const known = limits.networkCards?.find(({ networkCardIndex }) => networkCardIndex === card);
    const limit = card === 0 ? limits.maxEnis : (known?.maxEnis ?? limits.maxEnis);
    const taken = others.filter(({ networkCardIndex }) => networkCardIndex === card).length;
    return Math.max(0, Math.min(limit, maxEnisPerCard) - taken);
  };
  return {
    ...limits,
    maxEnis: maxEnisOn(0),
    networkCards: networkCards.map((networkCardIndex) => ({
      networkCardIndex,
      maxEnis: maxEnisOn(networkCardIndex),
    })),
  };
}
