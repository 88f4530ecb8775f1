import { canHavePrefixes, type MaxPodsLimits, podAddressesPerEni } from '../max-pods.ts';
import {
  cardIndexOf,
  eniKindOf,
  managedCardsOf,
  type PoolEni,
  type PoolState,
  primaryThenOldest,
} from '../pool-state.ts';
import { PREFIX_SIZE } from '../prefix-size.ts';
import type { WarmTargets } from '../warm-targets.ts';
import { cidrCountOf } from './cidrs.ts';

/** One network card as v1.23.1 sees it: each has a store of its own, and targets of its own. */
export interface Card {
  readonly networkCardIndex: number;
  readonly assignmentMode: 'address' | 'prefix';
  readonly targets: CardTargets;
  /** Slots of one ENI that pods can have. */
  readonly slotsPerEni: number;
  /** Addresses of one ENI whose slots are all used. */
  readonly addressesPerEni: number;
  /** ENIs in the store. Not what is unmanaged; excluded ones are. */
  readonly enis: readonly PoolEni[];
  readonly unmanagedCount: number;
  /** The instance's limit or `MAX_ENI`, the same for every card. */
  readonly eniLimit: number;
}

interface CardTargets {
  readonly warmIps: number;
  readonly minimumIps: number;
  readonly warmPrefixes: number;
  readonly warmEnis: number;
  /** Either of the first two is set: the others are not consulted then. */
  readonly areIpTargetsDefined: boolean;
}

/** The cards of a node in ascending order. Card 0 is always there. */
export function cardsOf(
  state: PoolState,
  targets: WarmTargets,
  limits: MaxPodsLimits,
): readonly Card[] {
  // Hardware without prefixes: a warning, and secondary addresses (reference, start-up rule 15).
  const assignmentMode =
    targets.assignmentMode === 'prefix' && canHavePrefixes(limits) ? 'prefix' : 'address';
  const slotsPerEni = podAddressesPerEni(limits);
  const isManaged = (eni: PoolEni) => eniKindOf(eni) !== 'unmanaged';
  return managedCardsOf(state).map((networkCardIndex) => {
    const enis = state.enis.filter((eni) => cardIndexOf(eni) === networkCardIndex);
    const managed = enis.filter(isManaged);
    return {
      networkCardIndex,
      assignmentMode,
      targets: cardTargets(networkCardIndex, targets),
      slotsPerEni,
      addressesPerEni: assignmentMode === 'prefix' ? slotsPerEni * PREFIX_SIZE : slotsPerEni,
      // Where v1.23.1 takes its map's arbitrary order, this is ours: one of the orders it may take.
      enis: managed.sort(primaryThenOldest),
      unmanagedCount: enis.length - managed.length,
      eniLimit: Math.min(limits.maxEnis, targets.maxEnis ?? limits.maxEnis),
    } satisfies Card;
  });
}

/** Quirk, §5.2: cards above 0 know only W = M = 1, whatever the operator set, but keep his WP. */
function cardTargets(networkCardIndex: number, targets: WarmTargets): CardTargets {
  const { warmEniTarget: warmEnis, warmPrefixTarget: warmPrefixes = 0 } = targets;
  const warmIps = networkCardIndex === 0 ? targets.warmIpTarget : 1;
  const minimumIps = networkCardIndex === 0 ? targets.minimumIpTarget : 1;
  const areIpTargetsDefined = warmIps !== 0 || minimumIps !== 0;
  return { warmIps, minimumIps, warmPrefixes, warmEnis, areIpTargetsDefined };
}

/** The ENI has a slot left. Quirk, trap 9: leftovers of the other mode take slots too. */
export const slotsLeftOn = (eni: PoolEni, { slotsPerEni }: Card): number =>
  slotsPerEni - cidrCountOf(eni);
