import type { UnassignAddresses } from '../action.ts';
import type { UnassignPrefixes } from '../prefix-action.ts';
import { freePrefixesOf } from './cidrs.ts';
import type { CardLevels } from './levels.ts';

/**
 * What a card that is too high gives back (§5.5): CIDRs without a pod, of either kind.
 *
 * Quirks: cooling addresses are not protected (trap 5), and neither cordon nor termination stops
 * this (trap 11).
 */
export function decrease({
  card,
  surplusCidrs,
}: CardLevels): readonly (UnassignAddresses | UnassignPrefixes)[] {
  const actions: (UnassignAddresses | UnassignPrefixes)[] = [];
  let left = surplusCidrs;
  for (const eni of card.enis) {
    const { eniId } = eni;
    const prefixes = freePrefixesOf(eni)
      .slice(0, left)
      .map(({ prefix }) => prefix);
    left -= prefixes.length;
    const idle = [...eni.freeAddresses, ...(eni.coolingAddresses ?? [])];
    const addresses = idle.slice(0, left);
    left -= addresses.length;
    if (prefixes.length > 0) {
      actions.push({ kind: 'unassign-prefixes', eniId, prefixes, reason: 'above-targets' });
    }
    if (addresses.length > 0) {
      actions.push({ kind: 'unassign-addresses', eniId, addresses, reason: 'above-targets' });
    }
  }
  return actions;
}
