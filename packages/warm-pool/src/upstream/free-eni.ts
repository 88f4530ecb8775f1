import { eniKindOf, type PoolEni } from '../pool-state.ts';
import { PREFIX_SIZE } from '../prefix-size.ts';
import type { Card } from './card.ts';
import { coolingCountOf, freePrefixesOf, podCountOf, sumOf, unreservedSinglesOf } from './cidrs.ts';
import { reservedOf, sizeOf, type UpstreamStatistics } from './statistics.ts';

/** An ENI younger than this stays (§5.6). */
const ENI_MINIMUM_AGE_MS = 60_000;

/** Whether a card may have more ENIs than it needs, so that looking for one is worth it (§5.6). */
export function mayHaveExtraEnis(card: Card, { unreservedCount }: UpstreamStatistics): boolean {
  const { warmEnis, areIpTargetsDefined } = card.targets;
  // Prefix mode asks for plenty of free addresses (quirk, trap 8: for whole ENIs of them), or for an
  // ENI without pods. Only such an ENI can be found afterwards, so its answer makes no difference.
  return (
    areIpTargetsDefined ||
    card.assignmentMode === 'prefix' ||
    unreservedCount >= (warmEnis + 1) * card.addressesPerEni
  );
}

/** The one ENI of a card that may go now (§5.6). Quirk, trap 10: one per card and cycle. */
export const freeableEni = (card: Card, nowMs: number): PoolEni | undefined =>
  card.enis.find(
    (eni) =>
      isDeletableKind(eni) &&
      nowMs - eni.attachedAtMs >= ENI_MINIMUM_AGE_MS &&
      coolingCountOf(eni) === 0 &&
      podCountOf(eni) === 0 &&
      canDoWithout(eni, card),
  );

/** Excluded ENIs may go. */
const isDeletableKind = (eni: PoolEni): boolean => {
  const kind = eniKindOf(eni);
  return !eni.isPrimary && kind !== 'trunk' && kind !== 'efa';
};

function canDoWithout(eni: PoolEni, card: Card): boolean {
  const { warmIps, minimumIps, warmPrefixes } = card.targets;
  const others = card.enis.filter((other) => other !== eni && eniKindOf(other) !== 'excluded');
  const unreserved = sumOf(others, (other) => sizeOf(other, card) - reservedOf(other, card));
  const total = sumOf(others, (other) => sizeOf(other, card));
  if (unreserved < inUnits(warmIps, card) || total < inUnits(minimumIps, card)) {
    return false;
  }
  // Quirks, §5.6: single addresses count as free prefixes, and the prefix target holds on every card
  // and even where address targets have replaced it.
  const freeCidrs = sumOf(
    others,
    (other) => freePrefixesOf(other).length + unreservedSinglesOf(other),
  );
  return card.assignmentMode === 'address' || freeCidrs >= warmPrefixes;
}

const inUnits = (count: number, { assignmentMode }: Card): number =>
  assignmentMode === 'prefix' ? PREFIX_SIZE * Math.ceil(count / PREFIX_SIZE) : count;
