import type { AddressRecord } from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import {
  type AttachmentKeyText,
  type AttachmentMetadata,
  type CniAttachmentKey,
  formatAttachmentKey,
  isCompleteKey,
  migratedKey,
} from './attachment-key.ts';
import { type CheckpointAllocation, type DropReason, msFromNs } from './checkpoint.ts';
import type { EniDescription } from './eni-description.ts';
import { byFamily, type IpAddress, ofEitherFamily } from './ip-address.ts';
import { move } from './life-cycle.ts';
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

/** What can be done with an allocation of a checkpoint. */
export type Placement =
  | {
      readonly kind: 'placed';
      readonly record: AddressRecord;
      readonly allocation: CheckpointAllocation;
    }
  | {
      readonly kind: 'stranded';
      readonly address: IpAddress;
      readonly allocation: CheckpointAllocation;
    }
  | { readonly kind: 'dropped'; readonly reason: DropReason };

const dropped = (reason: DropReason): Placement => ({ kind: 'dropped', reason });

/** An attachment holds at most one address per network card. */
type HoldingKey = `${AttachmentKeyText}\0${number}`;

const holdingKey = (key: CniAttachmentKey, networkCardIndex: number): HoldingKey =>
  `${formatAttachmentKey(key)}\0${networkCardIndex}`;

const holdingKeyOf = ({ key, networkCardIndex }: CheckpointAllocation): HoldingKey =>
  holdingKey(key, networkCardIndex);

/** Which attachment holds which address; oldest first. */
export class Holdings {
  readonly #table: AddressTable;
  readonly #byKey = new Map<HoldingKey, Holding>();
  /** Ascending. */
  #networkCardIndexes: readonly number[] = [];
  readonly #stranded = new Map<IpAddress, StrandedHolding>();

  constructor(table: AddressTable) {
    this.#table = table;
  }

  /** Addresses held that no ENI of the table has, on one card or on all. */
  strandedCount(networkCardIndex: number | undefined): number {
    if (networkCardIndex === undefined) {
      return this.#stranded.size;
    }
    return [...this.#stranded.values()].filter(
      ({ allocation }) => allocation.networkCardIndex === networkCardIndex,
    ).length;
  }

  all(): readonly Holding[] {
    return [...this.#byKey.values()];
  }

  /** What is held although no ENI of the table has it. */
  strandedAddresses(): readonly IpAddress[] {
    return [...this.#stranded.keys()];
  }

  /** What is held of one ENI. */
  on(eniId: EniDescription['eniId']): readonly PlacedHolding[] {
    return this.all().filter(
      (holding) => holding.record !== undefined && holding.reservation.eni.eniId === eniId,
    ) as readonly PlacedHolding[]; // the ones with a record
  }

  /** @throws {TypeError} when the key has no container id or no interface name. */
  get(key: CniAttachmentKey, networkCardIndex: number): Holding | undefined {
    return this.#byKey.get(holdingKey(key, networkCardIndex));
  }

  /** As {@link get}, and finds attachments whose real key was never learnt. */
  getMigrated(key: CniAttachmentKey, networkCardIndex: number): Holding | undefined {
    return (
      this.get(key, networkCardIndex) ?? this.get(migratedKey(key.containerId), networkCardIndex)
    );
  }

  /** What an attachment holds on each network card, as {@link getMigrated} finds it; ascending. */
  ofAttachment(key: CniAttachmentKey): readonly Holding[] {
    return this.#networkCardIndexes
      .map((networkCardIndex) => this.getMigrated(key, networkCardIndex))
      .filter((holding) => holding !== undefined);
  }

  /** Gives an unreserved address to an attachment. */
  add(record: AddressRecord, allocation: CheckpointAllocation): PlacedReservation {
    const reservation: PlacedReservation = {
      ...reservationOf(record.address, allocation),
      eni: placeOf(record.eni.description),
    };
    move(record, 'reserved');
    this.#table.releases.forget(record.address);
    this.#set({ record, reservation, allocation });
    return reservation;
  }

  /** Notes that an attachment holds an address which no ENI of the table has. */
  addStranded(address: IpAddress, allocation: CheckpointAllocation): Reservation {
    const reservation = reservationOf(address, allocation);
    const holding = { record: undefined, reservation, allocation };
    this.#table.releases.forget(address);
    this.#set(holding);
    this.#stranded.set(address, holding);
    return reservation;
  }

  /** The attachment goes on holding an address that is about to leave the table. */
  strand({ record, allocation }: PlacedHolding): Reservation {
    return this.addStranded(record.address, allocation);
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

  /** Gives what is held under a makeshift key to the attachment that it belongs to. */
  rename(holding: Holding, key: CniAttachmentKey, metadata: AttachmentMetadata): Reservation {
    const { reservation, allocation } = holding;
    const { address } = reservation;
    const renamed = { ...allocation, key, metadata, ...byFamily(address) };
    this.delete(holding);
    if (holding.record === undefined) {
      return this.addStranded(address, renamed);
    }
    const placed = { ...holding.reservation, key, metadata };
    this.#set({ record: holding.record, reservation: placed, allocation: renamed });
    return placed;
  }

  delete({ allocation, reservation: { address } }: Holding): void {
    this.#byKey.delete(holdingKeyOf(allocation));
    this.#stranded.delete(address);
  }

  /** Where an allocation of a checkpoint belongs, or why it has no place. */
  placementOf(allocation: CheckpointAllocation): Placement {
    const { key, networkCardIndex } = allocation;
    if (!isCompleteKey(key)) {
      return dropped('attachment-incomplete');
    }
    if (this.get(key, networkCardIndex) !== undefined) {
      return dropped('attachment-taken');
    }
    const address = ofEitherFamily(allocation);
    if (address === undefined) {
      return dropped('address-missing');
    }
    const state = this.#table.stateOf(address);
    if (state === 'reserved' || this.#stranded.has(address)) {
      return dropped('address-taken');
    }
    if (state === 'draining') {
      return dropped('address-draining');
    }
    const record = this.#table.record(address);
    return record === undefined
      ? { kind: 'stranded', address, allocation }
      : { kind: 'placed', record, allocation };
  }

  #set(holding: Holding): void {
    const { allocation } = holding;
    this.#byKey.set(holdingKeyOf(allocation), holding);
    if (!this.#networkCardIndexes.includes(allocation.networkCardIndex)) {
      this.#networkCardIndexes = [...this.#networkCardIndexes, allocation.networkCardIndex].sort(
        (a, b) => a - b,
      );
    }
  }
}

const reservationOf = (
  address: IpAddress,
  { key, networkCardIndex, allocatedAtNs, metadata }: CheckpointAllocation,
): Reservation => ({
  key,
  address,
  networkCardIndex,
  reservedAtMs: msFromNs(allocatedAtNs),
  metadata,
});

const placeOf = ({
  eniId,
  deviceNumber,
  networkCardIndex,
  routeTableId,
}: EniDescription): EniPlace => ({ eniId, deviceNumber, networkCardIndex, routeTableId });
