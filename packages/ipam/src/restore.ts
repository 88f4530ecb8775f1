import type { Checkpoint, CheckpointRelease, DroppedAllocation } from './checkpoint.ts';
import type { CoolDown } from './cool-down.ts';
import type { EventRelay } from './event-relay.ts';
import type { Holdings } from './holdings.ts';
import type { Reservation } from './reservation.ts';

/** What {@link AddressBook.restore} made of a checkpoint. */
export interface RestoreOutcome {
  readonly restored: readonly Reservation[];
  /** What could not be placed, with the reason. May be given to a later `restore` again. */
  readonly dropped: readonly DroppedAllocation[];
}

/** Places a checkpoint's allocations, then lets its releases go on cooling. */
export function restoreCheckpoint(
  checkpoint: Checkpoint,
  book: {
    readonly holdings: Holdings;
    readonly coolDown: CoolDown;
    readonly relay: EventRelay;
  },
  nowMs: number,
): RestoreOutcome {
  const restored: Reservation[] = [];
  const dropped: DroppedAllocation[] = [];
  const vanished: CheckpointRelease[] = [];
  for (const allocation of checkpoint.allocations) {
    const place = book.holdings.placeFor(allocation);
    if (typeof place !== 'string') {
      const reservation = book.holdings.add(place, allocation);
      restored.push(reservation);
      book.relay.add({ kind: 'restored', reservation });
      continue;
    }
    dropped.push({ ...allocation, reason: place });
    if (place === 'address-unknown' && allocation.ipv4 !== undefined) {
      // Its pod may still be running: should the address turn up after all, it cools first.
      vanished.push({ address: allocation.ipv4, releasedAtMs: nowMs });
    }
  }
  book.coolDown.takeOver([...checkpoint.recentReleases, ...vanished]);
  return { restored, dropped };
}
