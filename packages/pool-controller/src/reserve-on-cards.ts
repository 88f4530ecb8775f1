import type {
  AddressBook,
  AttachmentMetadata,
  CniAttachmentKey,
  PlacedReservation,
  ReserveEachOutcome,
} from '@vpc-cni/ipam';

/** Who wants an address, and when. */
export interface Attachment {
  readonly key: CniAttachmentKey;
  readonly metadata: Omit<AttachmentMetadata, 'interfacesCount'>;
  readonly nowMs: number;
}

export type CardsOutcome =
  | {
      readonly kind: 'reserved';
      readonly reservations: readonly [PlacedReservation, ...PlacedReservation[]];
      readonly isNew: boolean;
    }
  | Exclude<ReserveEachOutcome, { readonly kind: 'reserved' }>;

/** One address of every network card, or none. Those that the attachment holds elsewhere are its own too. */
export function reserveOnEvery(
  book: AddressBook,
  networkCards: readonly number[],
  { key, metadata, nowMs }: Attachment,
): CardsOutcome {
  const cards = ascending([...networkCards, ...cardsHeldBy(book, key)]);
  const interfacesCount = cards.length;
  return notEmpty(book.reserveEach(key, { ...metadata, interfacesCount }, nowMs, cards));
}

/** What the attachment holds, or else one address of the first network card that has one free. */
export function reserveOnAny(
  book: AddressBook,
  networkCards: readonly number[],
  { key, metadata, nowMs }: Attachment,
): CardsOutcome {
  const held = cardsHeldBy(book, key);
  const choices = held.length > 0 ? [held] : networkCards.map((card) => [card]);
  const pod = { ...metadata, interfacesCount: 1 };
  let first: CardsOutcome | undefined;
  for (const cards of choices) {
    const outcome = notEmpty(book.reserveEach(key, pod, nowMs, cards));
    if (outcome.kind !== 'exhausted') return outcome;
    first ??= outcome;
  }
  if (first === undefined) throw new Error('a node has at least one network card');
  return first;
}

const cardsHeldBy = (book: AddressBook, key: CniAttachmentKey): readonly number[] =>
  book.findAll(key).map(({ networkCardIndex }) => networkCardIndex);

const ascending = (cards: readonly number[]) => [...new Set(cards)].sort((a, b) => a - b);

function notEmpty(outcome: ReserveEachOutcome): CardsOutcome {
  if (outcome.kind !== 'reserved') return outcome;
  const [first, ...more] = outcome.reservations;
  if (first === undefined) throw new Error('a node has at least one network card');
  return { ...outcome, reservations: [first, ...more] };
}
