import type { Plan } from '@vpc-cni/warm-pool';
import { type Outlook, refusalFor } from './refusal.ts';
import type { Waiting, Word } from './waiting-line.ts';

/**
 * How many ADDs each network card is to grow for. Those that take an address of any card are counted on
 * the first ones that could have as many, and those that no card could serve on the first.
 *
 * @param figures of the cards at the last look.
 */
export function waitingByCard(
  waiting: readonly Waiting[],
  networkCards: readonly number[],
  figures: readonly CardFigures[] = [],
): Readonly<Record<number, number>> {
  const needing = (card: number) =>
    waiting.filter(({ needs }) => needs !== 'any-card' && needs.includes(card)).length;
  const counts = new Map(networkCards.map((card) => [card, needing(card)]));
  const add = (card: number, count: number) => counts.set(card, (counts.get(card) ?? 0) + count);

  let leftCount = waiting.filter(({ needs }) => needs === 'any-card').length;
  for (const card of figures) {
    const { networkCardIndex } = card;
    const known = counts.get(networkCardIndex);
    if (known === undefined) continue;
    const taken = Math.min(leftCount, Math.max(0, roomOf(card) - known));
    add(networkCardIndex, taken);
    leftCount -= taken;
  }
  add(networkCards[0] ?? 0, leftCount);
  return Object.fromEntries(counts);
}

type CardFigures = Plan['cards'][number];

/** How many more pods a card could have addresses for, were it grown to the limit. */
const roomOf = (card: CardFigures): number =>
  card.eniLimit * card.addressesPerEni -
  card.reservedCount -
  card.coolingCount -
  card.drainingCount;

/** What an ADD is told, by what each network card can do for it; nothing while waiting may help. */
export function wordFor(
  { needs, deadlineMs }: Waiting,
  outlooks: ReadonlyMap<number, Outlook>,
): Word | undefined {
  const isServed = ({ statistics }: Outlook) => statistics.reservableNowCount > 0;
  if (needs === 'any-card') {
    const all = [...outlooks.values()];
    if (all.some(isServed)) return { kind: 'look-again' };
    const refusals = all.map((outlook) => refusalFor(outlook, deadlineMs));
    return refusals.includes(undefined) ? undefined : refusals[0];
  }
  // A card that has no outlook is not the pool's any more: whoever looks again learns that.
  const lacking = needs.flatMap((card) => outlooks.get(card) ?? []).filter((one) => !isServed(one));
  if (lacking.length === 0) return { kind: 'look-again' };
  return lacking
    .map((outlook) => refusalFor(outlook, deadlineMs))
    .find((refusal) => refusal !== undefined);
}
