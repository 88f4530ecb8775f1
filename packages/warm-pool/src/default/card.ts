import { canHavePrefixes, canHaveTrunk, podAddressesPerEni } from '../max-pods.ts';
import type { PlanLimits } from '../plan-limits.ts';
import {
  cardIndexOf,
  eniKindOf,
  managedCardsOf,
  type PoolState,
  primaryThenOldest,
} from '../pool-state.ts';
import { IPV6_PREFIX_SIZE, PREFIX_SIZE } from '../prefix-size.ts';
import { hasIpTargets, type WarmTargets, wholeOr } from '../warm-targets.ts';
import { type CountedEni, countEni } from './counted-eni.ts';
import { type Coming, comingTo, jobsByEni } from './in-flight.ts';

/** One network card of a node: a pool of its own. */
export interface Card {
  readonly networkCardIndex: number;
  readonly assignmentMode: 'address' | 'prefix';
  /** Addresses of a prefix. */
  readonly prefixSize: number;
  readonly targets: CardTargets;
  /** Slots of one ENI that pods can have. */
  readonly slotsPerEni: number;
  /** Addresses of one ENI whose slots are all used in this mode. */
  readonly addressesPerEni: number;
  /** The card's limit or `MAX_ENI`, whichever is lower. */
  readonly eniLimit: number;
  /** ENIs there are, unmanaged ones and those being deleted included, and the trunk ENI's slot. */
  readonly eniCount: number;
  /** All but the unmanaged ones, in the order in which they are filled. */
  readonly enis: readonly CountedEni[];
  readonly coming: Coming;
  readonly waitingCount: number;
  readonly maxPods: number;
}

/** What one card holds ahead of demand. */
export interface CardTargets {
  /** Which of the targets counts; the others are not consulted. */
  readonly follows: 'addresses' | 'prefixes' | 'enis';
  /** Addresses to keep free. */
  readonly warmCount: number;
  /** Addresses to hold at least. */
  readonly minimumCount: number;
  /** Prefixes to keep wholly free. */
  readonly warmPrefixCount: number;
}

/** The cards of a node, ascending; card 0 is always there. */
export function cardsOf(
  state: PoolState,
  targets: WarmTargets,
  limits: PlanLimits,
): readonly Card[] {
  const jobs = jobsByEni(state.inFlight);
  const isIpv6 = targets.addressFamily === 'ipv6';
  const wantsPrefixes = targets.assignmentMode === 'prefix' && canHavePrefixes(limits);
  const assignmentMode = isIpv6 || wantsPrefixes ? 'prefix' : 'address';
  const prefixSize = isIpv6 ? IPV6_PREFIX_SIZE : PREFIX_SIZE;
  const slotsPerEni = podAddressesPerEni(limits);
  const addressesPerEni = assignmentMode === 'prefix' ? slotsPerEni * prefixSize : slotsPerEni;

  return managedCardsOf(state).map((networkCardIndex) => {
    const there = state.enis.filter((eni) => cardIndexOf(eni) === networkCardIndex);
    const managed = there.filter((eni) => eniKindOf(eni) !== 'unmanaged').sort(primaryThenOldest);
    const enis = managed.map((eni) =>
      countEni(eni, prefixSize, jobs.get(eni.eniId), targets.customNetworking === true),
    );
    const isTrunkSlotKept =
      networkCardIndex === 0 &&
      targets.securityGroupsForPods === true &&
      canHaveTrunk(limits) &&
      enis.every(({ kind }) => kind !== 'trunk');
    return {
      networkCardIndex,
      assignmentMode,
      prefixSize,
      targets: cardTargets(networkCardIndex, targets, { assignmentMode, slotsPerEni }),
      slotsPerEni,
      addressesPerEni,
      eniLimit: eniLimitOf(networkCardIndex, targets, limits),
      eniCount: there.length + (isTrunkSlotKept ? 1 : 0),
      enis,
      coming: comingTo(networkCardIndex, new Set(enis.map(({ eniId }) => eniId)), state.inFlight),
      waitingCount: wholeOr(0, waitingOn(networkCardIndex, state)),
      maxPods: wholeOr(0, state.maxPods),
    } satisfies Card;
  });
}

/**
 * The address targets, once either is set, replace the others; `WARM_ENI_TARGET` is not consulted in
 * prefix mode. Cards above 0 keep one address free, whatever the operator set, as documented.
 *
 * Without any target one address is kept free: the reference adds an ENI or a prefix when none is
 * free, and then finds it superfluous (its own documentation of this oscillation is our reason).
 */
function cardTargets(
  networkCardIndex: number,
  targets: WarmTargets,
  { assignmentMode, slotsPerEni }: Pick<Card, 'assignmentMode' | 'slotsPerEni'>,
): CardTargets {
  if (targets.addressFamily === 'ipv6') {
    return { follows: 'prefixes', warmCount: 1, minimumCount: 0, warmPrefixCount: 0 };
  }
  if (networkCardIndex > 0) {
    return { follows: 'addresses', warmCount: 1, minimumCount: 1, warmPrefixCount: 0 };
  }
  if (hasIpTargets(targets)) {
    const { warmIpTarget: warmCount, minimumIpTarget: minimumCount } = targets;
    return { follows: 'addresses', warmCount, minimumCount, warmPrefixCount: 0 };
  }
  if (assignmentMode === 'prefix') {
    const { warmPrefixTarget: warmPrefixCount = 0 } = targets;
    const warmCount = Math.max(1, warmPrefixCount * PREFIX_SIZE);
    return { follows: 'prefixes', warmCount, minimumCount: 0, warmPrefixCount };
  }
  const warmCount = Math.max(1, targets.warmEniTarget * slotsPerEni);
  return { follows: 'enis', warmCount, minimumCount: 0, warmPrefixCount: 0 };
}

/** `MAX_ENI` caps each card. Where the cards' own limits are not known, all have that of card 0. */
function eniLimitOf(networkCardIndex: number, targets: WarmTargets, limits: PlanLimits): number {
  const known = limits.networkCards?.find((card) => card.networkCardIndex === networkCardIndex);
  const limit = networkCardIndex === 0 ? limits.maxEnis : (known?.maxEnis ?? limits.maxEnis);
  return Math.min(limit, targets.maxEnis ?? limit);
}

const waitingOn = (networkCardIndex: number, { waitingByCard, waitingCount }: PoolState): number =>
  waitingByCard?.[networkCardIndex] ?? (networkCardIndex === 0 ? waitingCount : 0);
