import { type CountedEni, isGrowable } from './counted-eni.ts';
import type { Situation } from './situation.ts';
import { countOf, type Return, returnOf } from './surplus.ts';

/**
 * Gives back leftovers whose slots are needed for the mode's own kind, at most half of them at a
 * time: until the replacement is there, the other half serves pods.
 *
 * @param placelessCount addresses or prefixes for which there is no place.
 */
export function makeRoom({ card, subnets }: Situation, placelessCount: number): readonly Return[] {
  if (placelessCount === 0 || card.waitingCount > 0) {
    return [];
  }
  const unit = card.assignmentMode === 'prefix' ? 'address' : 'prefix';
  const leftoversOf = (eni: CountedEni) =>
    unit === 'address' ? eni.freeSingleCount : eni.emptyPrefixes.length;
  const hasReplacement = ({ eni }: CountedEni) =>
    card.assignmentMode === 'prefix'
      ? subnets.prefixRoom(eni.subnetId) > 0
      : subnets.addressRoom(eni.subnetId) > 0;
  const enis = card.enis.filter(
    (eni) => isGrowable(eni) && !eni.isBusy && leftoversOf(eni) > 0 && hasReplacement(eni),
  );
  const leftoverCount = enis.reduce((sum, eni) => sum + leftoversOf(eni), 0);
  let left = Math.min(placelessCount, Math.ceil(leftoverCount / 2));
  const actions: Return[] = [];
  for (const eni of enis) {
    const action = returnOf(eni, unit, left, 'leftover');
    if (action !== undefined) {
      actions.push(action);
      left -= countOf(action);
    }
  }
  return actions;
}
