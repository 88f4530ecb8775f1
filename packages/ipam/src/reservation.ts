import type { AddressStatistics } from './address-statistics.ts';
import type { AttachmentMetadata, CniAttachmentKey } from './attachment-key.ts';
import type { EniId } from './eni-description.ts';
import type { IpAddress } from './ip-address.ts';

/** What wiring a pod needs to know of the ENI that has its address. */
export interface EniPlace {
  readonly eniId: EniId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly routeTableId: number;
}

/** An address held by a CNI attachment. */
export interface Reservation {
  readonly key: CniAttachmentKey;
  readonly address: IpAddress;
  /**
   * Absent while the reservation is stranded: no ENI of the book has the address, because its ENI was
   * detached, the address was unassigned, or the ENI has not been found yet after a restart.
   */
  readonly eni?: EniPlace;
  /** The network card that it was reserved on. */
  readonly networkCardIndex: number;
  /** Unix milliseconds; survives restarts. */
  readonly reservedAtMs: number;
  readonly metadata: AttachmentMetadata;
}

/** A reservation of an address that an ENI of the book has. */
export interface PlacedReservation extends Reservation {
  readonly eni: EniPlace;
}

/** Answer to a reservation: the address, or why there is none and when to come back. */
export type ReserveOutcome =
  | {
      readonly kind: 'reserved';
      readonly reservation: PlacedReservation;
      /** False when the attachment already held the address. */
      readonly isNew: boolean;
    }
  | NothingReserved;

/** Answer to a reservation on several network cards: an address of each, or nothing. */
export type ReserveEachOutcome =
  | {
      readonly kind: 'reserved';
      /** In the order of the cards. */
      readonly reservations: readonly PlacedReservation[];
      /** False when the attachment held one of the addresses already. */
      readonly isNew: boolean;
    }
  | NothingReserved;

export type NothingReserved =
  /** The attachment holds an address already, and no ENI has it now. */
  | { readonly kind: 'stranded'; readonly reservation: Reservation }
  | {
      readonly kind: 'exhausted';
      readonly networkCardIndex: number;
      /** Of that card, as the figures that follow. */
      readonly totalCount: number;
      readonly reservedCount: number;
      readonly coolingCount: number;
      readonly drainingCount: number;
      /** Milliseconds until the first cooling address is free; `undefined` when none is cooling. */
      readonly retryAfterMs: number | undefined;
    };

/** The answer when nothing is free on a network card. */
export const exhausted = (
  networkCardIndex: number,
  { totalCount, reservedCount, coolingCount, drainingCount, nextCooledAtMs }: AddressStatistics,
  nowMs: number,
): NothingReserved => ({
  kind: 'exhausted',
  networkCardIndex,
  totalCount,
  reservedCount,
  coolingCount,
  drainingCount,
  retryAfterMs: nextCooledAtMs === undefined ? undefined : nextCooledAtMs - nowMs,
});
