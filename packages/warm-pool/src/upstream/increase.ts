import type { AssignAddresses, CreateEni } from '../action.ts';
import type { GrowthReason } from '../action-reason.ts';
import { assignment } from '../assignment.ts';
import { eniKindOf, type PoolEni } from '../pool-state.ts';
import type { AssignPrefixes, CreateEniWithPrefixes } from '../prefix-action.ts';
import { slotsLeftOn } from './card.ts';
import type { CardLevels } from './levels.ts';

/** How an attempt to grow was refused; `address-limit-reached` = the ENI is full in truth. */
export type GrowthFailure = 'subnet-exhausted' | 'address-limit-reached' | 'other';

/** Create and attach an ENI on a network card. */
export interface CreateEniOnCard extends Omit<CreateEni, 'reason'> {
  readonly networkCardIndex: number;
  readonly reason: GrowthReason;
}

/** One call that would grow the pool. */
export type GrowthAction =
  | AssignAddresses
  | AssignPrefixes
  | CreateEniOnCard
  | CreateEniWithPrefixes;

/** What to do next to grow one card, after the attempts of this cycle that have failed. */
export type GrowthStep =
  | { readonly kind: 'attempt'; readonly action: GrowthAction }
  /** EC2 says the ENI is full: read what it has, add it, and count that as growth. */
  | { readonly kind: 'read-eni'; readonly eniId: string }
  /** The subnet is exhausted: ask nothing of EC2 for the next two minutes, on any card. */
  | { readonly kind: 'back-off' }
  /** Leave it at that until the next cycle. */
  | { readonly kind: 'give-up'; readonly why: 'failed' | 'no-room' | 'nothing-to-ask' };

/** What {@link growthStep} must know of the node. */
export interface GrowthOptions {
  readonly customNetworking: boolean;
  readonly subnetDiscovery: boolean;
  /** A slot of card 0 is kept for the trunk ENI. */
  readonly isTrunkSlotReserved: boolean;
}

/**
 * The next attempt to grow a card (§5.7): an ENI that has a slot left, then the same with a count of
 * 1, then, if its subnet is exhausted and subnets are discovered, the next ENI; at last a new ENI.
 *
 * Quirk, trap 10: one success ends it. Only one ENI is grown in a cycle, however much is missing.
 *
 * @param failures of the attempts made so far in this cycle, in order.
 */
export function growthStep(
  levels: CardLevels,
  options: GrowthOptions,
  failures: readonly GrowthFailure[] = [],
): GrowthStep {
  const { card } = levels;
  const candidates = growable(levels, options);
  for (const [index, eni] of candidates.entries()) {
    const [first, second] = failures.slice(index * 2);
    if (first === undefined) {
      return { kind: 'attempt', action: assignmentTo(eni, slotsLeftOn(eni, card), levels) };
    }
    if (first === 'address-limit-reached' || second === 'address-limit-reached') {
      return { kind: 'read-eni', eniId: eni.eniId };
    }
    if (second === undefined) {
      return { kind: 'attempt', action: assignmentTo(eni, 1, levels) };
    }
    if (second !== 'subnet-exhausted') {
      return { kind: 'give-up', why: 'failed' };
    }
    // Quirk, trap 12: with discovery, the exhaustion met here is forgotten and arms no back-off.
    if (!options.subnetDiscovery) {
      return { kind: 'back-off' };
    }
  }
  const creation = failures[candidates.length * 2];
  if (creation !== undefined) {
    return creation === 'subnet-exhausted'
      ? { kind: 'back-off' }
      : { kind: 'give-up', why: 'failed' };
  }
  return newEni(levels, options);
}

function growable({ card }: CardLevels, { customNetworking }: GrowthOptions) {
  return card.enis.filter((eni) => {
    const kind = eniKindOf(eni);
    const isServing = kind !== 'trunk' && kind !== 'excluded';
    return isServing && !(eni.isPrimary && customNetworking) && slotsLeftOn(eni, card) > 0;
  });
}

function assignmentTo({ eniId }: PoolEni, limit: number, levels: CardLevels): GrowthAction {
  const count = Math.min(limit, wantedCount(levels));
  return assignment(levels.card.assignmentMode, eniId, count, reasonOf(levels));
}

/** Addresses or prefixes, by mode. In prefix mode at least one, whatever the arithmetic says. */
function wantedCount({ card, target, statistics }: CardLevels): number {
  if (card.assignmentMode === 'address') {
    return target?.shortfall ?? card.addressesPerEni;
  }
  // Quirk, §5.3 and §5.7: on cards above 0 the shortfall is one of addresses, yet asked in prefixes.
  return Math.max(1, target?.shortfall ?? card.targets.warmPrefixes - statistics.freePrefixCount);
}

/** Excluded ENIs take a slot (§5.7: upstream subtracts them on both sides). */
function newEni(levels: CardLevels, { isTrunkSlotReserved }: GrowthOptions): GrowthStep {
  const { card } = levels;
  const { networkCardIndex } = card;
  const reserved = networkCardIndex === 0 && isTrunkSlotReserved ? 1 : 0;
  if (card.enis.length >= card.eniLimit - card.unmanagedCount - reserved) {
    return { kind: 'give-up', why: 'no-room' };
  }
  const count = Math.min(wantedCount(levels), card.slotsPerEni);
  // Quirk, trap 14: asking for none makes no call, and passes for growth.
  if (count <= 0) {
    return { kind: 'give-up', why: 'nothing-to-ask' };
  }
  const reason = reasonOf(levels);
  const action: GrowthAction =
    card.assignmentMode === 'prefix'
      ? { kind: 'create-eni-with-prefixes', prefixCount: count, networkCardIndex, reason }
      : { kind: 'create-eni', addressCount: count, networkCardIndex, reason };
  return { kind: 'attempt', action };
}

function reasonOf({ card, statistics, target }: CardLevels): GrowthReason {
  if (target === undefined) {
    return card.assignmentMode === 'prefix' ? 'below-warm-prefixes' : 'below-warm-enis';
  }
  const belowWarm = card.targets.warmIps - statistics.unreservedCount;
  const belowMinimum = card.targets.minimumIps - statistics.totalCount;
  return belowWarm >= belowMinimum ? 'below-warm-ips' : 'below-minimum';
}
