import type { AddressRecord } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import {
  type AttachmentKeyText,
  type CniAttachmentKey,
  formatAttachmentKey,
  isCompleteKey,
  migratedKey,
} from './attachment-key.ts';
import { type CheckpointAllocation, type DropReason, msFromNs } from './checkpoint.ts';
import type { EniDescription } from './eni-description.ts';
import type { Ipv4Address } from './ipv4-address.ts';
import type { EniPlace, PlacedReservation, Reservation } from './reservation.ts';

/** An address of the table, held by an attachment. */
export interface PlacedHolding {
  readonly record: AddressRecord;
  readonly reservation: PlacedReservation;
  /** The same as the checkpoint keeps it, with the exact time. */
  readonly allocation: CheckpointAllocation;
}

/** An address that no ENI of the table has, held by an attachment all the same. */
export interface StrandedHolding {
  readonly record: undefined;
  readonly reservation: Reservation;
  readonly allocation: CheckpointAllocation;
}

export type Holding = PlacedHolding | StrandedHolding;

/** An allocation of a checkpoint that names its address. */
export type Ipv4Allocation = CheckpointAllocation & { readonly ipv4: Ipv4Address };

/** What can be done with an allocation of a checkpoint. */
export type Placement =
  | {
      readonly kind: 'placed';
      readonly record: AddressRecord;
      readonly allocation: CheckpointAllocation;
    }
  | { readonly kind: 'stranded'; readonly allocation: Ipv4Allocation }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

const dropped = (reason: DropReason): Placement => ({ kind: 'dropped', reason });

/** Which attachment holds which address; oldest first. */
export class Holdings {
  readonly #table: AddressTable;
  readonly #byKey = new Map<AttachmentKeyText, Holding>();
  readonly #stranded = new Map<Ipv4Address, StrandedHolding>();

  constructor(table: AddressTable) {
    this.#table = table;
  }

  get strandedCount(): number {
    return this.#stranded.size;
  }

  all(): readonly Holding[] {
    return [...this.#byKey.values()];
  }

  /** What is held of one ENI. */
  on(eniId: EniDescription['eniId']): readonly PlacedHolding[] {
    return this.all().filter(
      (holding) => holding.record !== undefined && holding.reservation.eni.eniId === eniId,
    ) as readonly PlacedHolding[]; // the ones with a record
  }

  /** @throws {TypeError} when the key has no container id or no interface name. */
  get(key: CniAttachmentKey): Holding | undefined {
    return this.#byKey.get(formatAttachmentKey(key));
  }

  /** As {@link get}, and finds attachments from before keys were complete. */
  getMigrated(key: CniAttachmentKey): Holding | undefined {
    return this.get(key) ?? this.get(migratedKey(key.containerId));
  }

  /** Gives an unreserved address to an attachment. */
  add(record: AddressRecord, allocation: CheckpointAllocation): PlacedReservation {
    const reservation: PlacedReservation = {
      ...reservationOf(record.address, allocation),
      eni: placeOf(record.eni.description),
    };
    this.#table.move(record, 'reserved');
    this.#table.releases.forget(record.address);
    this.#byKey.set(formatAttachmentKey(allocation.key), { record, reservation, allocation });
    return reservation;
  }

  /** Notes that an attachment holds an address which no ENI of the table has. */
  addStranded(allocation: Ipv4Allocation): Reservation {
    const reservation = reservationOf(allocation.ipv4, allocation);
    const holding = { record: undefined, reservation, allocation };
    this.#table.releases.forget(allocation.ipv4);
    this.#byKey.set(formatAttachmentKey(allocation.key), holding);
    this.#stranded.set(allocation.ipv4, holding);
    return reservation;
  }

  /** Takes the address out of the table; the attachment goes on holding it. */
  strand({ record, allocation }: PlacedHolding): Reservation {
    this.#table.loseAddress(record);
    return this.addStranded({ ...allocation, ipv4: record.address });
  }

  /** Gives an address that has turned up to the attachment that holds it, if one does. */
  unstrand(record: AddressRecord): PlacedReservation | undefined {
    const holding = this.#stranded.get(record.address);
    if (holding === undefined) {
      return undefined;
    }
    this.#stranded.delete(record.address);
    return this.add(record, holding.allocation);
  }

  delete({ reservation: { key, address } }: Holding): void {
    this.#byKey.delete(formatAttachmentKey(key));
    this.#stranded.delete(address);
  }

  /** Where an allocation of a checkpoint belongs, or why it has no place. */
  placementOf(allocation: CheckpointAllocation): Placement {
    const { key, ipv4 } = allocation;
    if (!isCompleteKey(key)) {
      return dropped('attachment-incomplete');
    }
    if (this.get(key) !== undefined) {
      return dropped('attachment-taken');
    }
    if (ipv4 === undefined) {
      return dropped('address-missing');
    }
    const record = this.#table.record(ipv4);
    if (record?.state === 'reserved' || this.#stranded.has(ipv4)) {
      return dropped('address-taken');
    }
    if (record === undefined) {
      return { kind: 'stranded', allocation: { ...allocation, ipv4 } };
    }
    return record.state === 'draining'
      ? dropped('address-draining')
      : { kind: 'placed', record, allocation };
  }
}

const reservationOf = (
  address: Ipv4Address,
  { key, allocatedAtNs, metadata }: CheckpointAllocation,
): Reservation => ({ key, address, reservedAtMs: msFromNs(allocatedAtNs), metadata });

const placeOf = ({
  eniId,
  deviceNumber,
  networkCardIndex,
  routeTableId,
}: EniDescription): EniPlace => ({ eniId, deviceNumber, networkCardIndex, routeTableId });
