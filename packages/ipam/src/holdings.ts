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
import type { Reservation } from './reservation.ts';

/** An attachment with the address it holds. */
export interface Holding {
  readonly record: AddressRecord;
  readonly reservation: Reservation;
  /** The same as the checkpoint keeps it, with the exact time. */
  readonly allocation: CheckpointAllocation;
}

/** Which attachment holds which address; oldest first. */
export class Holdings {
  readonly #table: AddressTable;
  readonly #byKey = new Map<AttachmentKeyText, Holding>();

  constructor(table: AddressTable) {
    this.#table = table;
  }

  all(): readonly Holding[] {
    return [...this.#byKey.values()];
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
  add(record: AddressRecord, allocation: CheckpointAllocation): Reservation {
    const { eniId, deviceNumber, networkCardIndex, routeTableId } = record.eni.description;
    const { key, metadata } = allocation;
    const reservation: Reservation = {
      key,
      address: record.address,
      eniId,
      deviceNumber,
      networkCardIndex,
      routeTableId,
      reservedAtMs: msFromNs(allocation.allocatedAtNs),
      metadata,
    };
    this.#table.move(record, 'reserved');
    this.#table.releases.forget(record.address);
    this.#byKey.set(formatAttachmentKey(key), { record, reservation, allocation });
    return reservation;
  }

  delete({ reservation }: Holding): void {
    this.#byKey.delete(formatAttachmentKey(reservation.key));
  }

  /** Where an allocation of a checkpoint belongs, or why it has no place. */
  placeFor({ key, ipv4 }: CheckpointAllocation): AddressRecord | DropReason {
    if (!isCompleteKey(key)) {
      return 'attachment-incomplete';
    }
    if (this.get(key) !== undefined) {
      return 'attachment-taken';
    }
    const record = ipv4 === undefined ? undefined : this.#table.record(ipv4);
    if (record === undefined) {
      return 'address-unknown';
    }
    if (record.state === 'reserved') {
      return 'address-taken';
    }
    return record.state === 'draining' ? 'address-draining' : record;
  }
}
