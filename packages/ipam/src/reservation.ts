import type { AddressStatistics } from './address-statistics.ts';
import type { AttachmentMetadata, CniAttachmentKey } from './attachment-key.ts';
import type { EniId } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';

/** An address held by a CNI attachment, with what wiring the pod needs to know of its ENI. */
export interface Reservation {
  readonly key: CniAttachmentKey;
  readonly address: Ipv4Address;
  readonly eniId: EniId;
  readonly deviceNumber: number;
  readonly networkCardIndex: number;
  readonly routeTableId: number;
  /** Unix milliseconds; survives restarts. */
  readonly reservedAtMs: number;
  readonly metadata: AttachmentMetadata;
}

/** Answer to a reservation: the address, or why there is none and when to come back. */
export type ReserveOutcome =
  | {
      readonly kind: 'reserved';
      readonly reservation: Reservation;
      /** False when the attachment already held the address. */
      readonly isNew: boolean;
    }
  | {
      readonly kind: 'exhausted';
      readonly totalCount: number;
      readonly reservedCount: number;
      readonly coolingCount: number;
      readonly drainingCount: number;
      /** Milliseconds until the first cooling address is free; `undefined` when none is cooling. */
      readonly retryAfterMs: number | undefined;
    };

/** The answer when nothing is free. */
export const exhausted = (
  { totalCount, reservedCount, coolingCount, drainingCount, nextCooledAtMs }: AddressStatistics,
  nowMs: number,
): ReserveOutcome => ({
  kind: 'exhausted',
  totalCount,
  reservedCount,
  coolingCount,
  drainingCount,
  retryAfterMs: nextCooledAtMs === undefined ? undefined : nextCooledAtMs - nowMs,
});
