import type { AddressBook, AttachmentMetadata, CniAttachmentKey, Reservation } from '@vpc-cni/ipam';
import type { PoolController } from './controller.ts';
import type { CheckpointPort, Clock } from './ports.ts';
import type { PoolRefusal } from './refusal.ts';

export type DeskReply =
  | { readonly kind: 'reserved'; readonly reservation: Reservation; readonly isNew: boolean }
  | PoolRefusal;

/** Where attachments come for addresses; every answer is durable before it is given. */
export interface AddressDesk {
  /**
   * Reserves an address. When none is free, waits for capacity that is on its way, at most
   * `waitMs`; a refusal says why waiting longer would not help.
   */
  reserve(
    key: CniAttachmentKey,
    metadata: AttachmentMetadata,
    options: { readonly signal: AbortSignal },
  ): Promise<DeskReply>;
  /** Resolves to what was released; `undefined` when the attachment held nothing. */
  release(key: CniAttachmentKey): Promise<Reservation | undefined>;
}

export function createAddressDesk(options: {
  readonly book: AddressBook;
  readonly checkpoint: CheckpointPort;
  readonly controller: Pick<PoolController, 'kick' | 'waitingLine'>;
  readonly clock: Clock;
  /** Longest time an ADD waits for capacity, ms. */
  readonly waitMs: number;
}): AddressDesk {
  const { book, checkpoint, controller, clock, waitMs } = options;

  async function makeDurable(key: CniAttachmentKey, isNew: boolean): Promise<void> {
    try {
      await checkpoint.save();
    } catch (error) {
      if (isNew) book.release(key, clock.nowMs());
      throw error;
    }
  }

  return {
    reserve: async (key, metadata, { signal }) => {
      const deadlineMs = clock.nowMs() + waitMs;
      for (;;) {
        signal.throwIfAborted();
        const outcome = book.reserve(key, metadata, clock.nowMs());
        if (outcome.kind === 'reserved') {
          controller.kick();
          await makeDurable(key, outcome.isNew);
          return outcome;
        }
        const word = controller.waitingLine.wait(deadlineMs, signal);
        controller.kick();
        const heard = await word;
        if (heard.kind === 'refused') return heard;
      }
    },
    release: async (key) => {
      const released = book.release(key, clock.nowMs());
      if (released === undefined) return undefined;
      await checkpoint.save();
      controller.kick();
      return released;
    },
  };
}
