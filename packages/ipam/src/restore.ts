import type { Checkpoint, DroppedAllocation } from './checkpoint.ts';
import type { CoolDown } from './cool-down.ts';
import type { EventRelay } from './event-relay.ts';
import type { Holdings } from './holdings.ts';
import type { PlacedReservation, Reservation } from './reservation.ts';

/** What {@link AddressBook.restore} made of a checkpoint. */
export interface RestoreOutcome {
  readonly restored: readonly PlacedReservation[];
  /** Held, but no ENI of the book has the address; each is restored when its address is added. */
  readonly stranded: readonly Reservation[];
  /** What could not be taken over, with the reason. */
  readonly dropped: readonly DroppedAllocation[];
}

/** Takes over a checkpoint's allocations, then lets its releases go on cooling. */
export function restoreCheckpoint(
  checkpoint: Checkpoint,
  book: {
    readonly holdings: Holdings;
    readonly coolDown: CoolDown;
    readonly relay: EventRelay;
  },
): RestoreOutcome {
  const restored: PlacedReservation[] = [];
  const stranded: Reservation[] = [];
  const dropped: DroppedAllocation[] = [];
  for (const allocation of checkpoint.allocations) {
    const placement = book.holdings.placementOf(allocation);
    switch (placement.kind) {
      case 'placed': {
        const reservation = book.holdings.add(placement.record, allocation);
        restored.push(reservation);
        book.relay.add({ kind: 'restored', reservation });
        break;
      }
      case 'stranded': {
        const reservation = book.holdings.addStranded(placement.address, allocation);
        stranded.push(reservation);
        book.relay.add({ kind: 'stranded', reservation });
        break;
      }
      case 'dropped':
        dropped.push({ ...allocation, reason: placement.reason });
    }
  }
  const held = new Set(book.holdings.all().map(({ reservation }) => reservation.address));
  book.coolDown.takeOver(checkpoint.recentReleases.filter(({ address }) => !held.has(address)));
  return { restored, stranded, dropped };
}
