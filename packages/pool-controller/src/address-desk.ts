import type {
  AddressBook,
  AttachmentMetadata,
  CniAttachmentKey,
  PlacedReservation,
  Reservation,
} from '@vpc-cni/ipam';
import type { PoolController } from './controller.ts';
import type { CheckpointPort, Clock } from './ports.ts';
import type { PoolRefusal } from './refusal.ts';
import { reserveOnAny, reserveOnEvery } from './reserve-on-cards.ts';

export type DeskReply =
  | {
      readonly kind: 'reserved';
      /** One, or one of each network card, by card ascending. */
      readonly reservations: readonly [PlacedReservation, ...PlacedReservation[]];
      readonly isNew: boolean;
    }
  | PoolRefusal;

/** Where attachments come for addresses; every answer is durable before it is given. */
export interface AddressDesk {
  /**
   * Reserves an address. When none is free, waits for capacity that is on its way, at most
   * `waitMs`; a refusal says why waiting longer would not help.
   *
   * Of the network cards the first that has one gives it, unless one is wanted of each: then it is all
   * of them or none.
   */
  reserve(
    key: CniAttachmentKey,
    metadata: Omit<AttachmentMetadata, 'interfacesCount'>,
    options: { readonly signal: AbortSignal; readonly onEveryCard?: boolean },
  ): Promise<DeskReply>;
  /** Resolves to what was released: nothing when the attachment held nothing. */
  release(key: CniAttachmentKey): Promise<readonly Reservation[]>;
}

export function createAddressDesk(options: {
  readonly book: AddressBook;
  readonly checkpoint: CheckpointPort;
  readonly controller: Pick<PoolController, 'kick' | 'waitingLine' | 'networkCards'>;
  readonly clock: Clock;
  /** Longest time an ADD waits for capacity, ms. */
  readonly waitMs: number;
}): AddressDesk {
  const { book, checkpoint, controller, clock, waitMs } = options;

  const written = createWriteLog(checkpoint);

  async function makeDurable(key: CniAttachmentKey, isNew: boolean): Promise<void> {
    try {
      await written.save();
    } catch (error) {
      if (isNew) book.releaseAll(key, clock.nowMs());
      throw error;
    }
  }

  const isStillHeld = (one: PlacedReservation) =>
    book.find(one.key, { networkCardIndex: one.networkCardIndex }) === one;

  return {
    reserve: async (key, metadata, { signal, onEveryCard = false }) => {
      const deadlineMs = clock.nowMs() + waitMs;
      /** Reserved by this call, which alone may take it back. */
      let isOurs = false;
      for (;;) {
        signal.throwIfAborted();
        const { networkCards } = controller;
        const attachment = { key, metadata, nowMs: clock.nowMs() };
        const outcome = onEveryCard
          ? reserveOnEvery(book, networkCards, attachment)
          : reserveOnAny(book, networkCards, attachment);
        if (outcome.kind === 'stranded') {
          if (!isOurs) return strandedRefusal(outcome.reservation);
          // Its ENI was lost while it was written; no pod has seen it yet.
          book.releaseAll(key, clock.nowMs());
          isOurs = false;
          continue;
        }
        if (outcome.kind === 'reserved') {
          controller.kick();
          isOurs ||= outcome.isNew;
          await makeDurable(key, isOurs);
          // A twin of this call may have taken it back meanwhile, or its ENI was lost.
          if (outcome.reservations.every(isStillHeld)) return { ...outcome, isNew: isOurs };
          continue;
        }
        const lacking = networkCards.filter((networkCardIndex) => {
          return book.find(key, { networkCardIndex }) === undefined;
        });
        const needs = onEveryCard ? lacking : 'any-card';
        const word = controller.waitingLine.wait({ deadlineMs, needs }, signal);
        controller.kick();
        const heard = await word;
        if (heard.kind === 'refused') return heard;
      }
    },
    release: async (key) => {
      const released = book.releaseAll(key, clock.nowMs());
      // An earlier attempt may have released it without being able to write that down.
      if (released.length === 0 && written.isUpToDate()) return [];
      await written.save();
      controller.kick();
      return released;
    },
  };
}

/** Knows whether the last change is on disk. */
function createWriteLog(checkpoint: CheckpointPort) {
  let changeCount = 0;
  let writtenCount = 0;
  return {
    save: async () => {
      changeCount += 1;
      const upTo = changeCount;
      await checkpoint.save();
      writtenCount = Math.max(writtenCount, upTo);
    },
    isUpToDate: () => writtenCount === changeCount,
  };
}

const strandedRefusal = ({ address }: Reservation): PoolRefusal => ({
  kind: 'refused',
  reason: 'eni-absent',
  message: `this attachment holds ${address}, whose ENI is not among those this node manages (detached, tagged no_manage, or without a link); bring it back, or delete the pod`,
});
