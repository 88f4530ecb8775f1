import type { AddressState } from './address-event.ts';
import {
  type AddressRecord,
  type EniRecord,
  type PrefixRecord,
  reservedCountOf,
} from './address-record.ts';
import type { AddressTable } from './address-table.ts';
import type { Ec2Block } from './ec2-block.ts';
import type { EniDescription, EniId, EniRole } from './eni-description.ts';
import type { EventRelay } from './event-relay.ts';
import type { Holdings, PlacedHolding } from './holdings.ts';
import type { IpAddress } from './ip-address.ts';
import { type IpPrefix, isPrefix } from './ip-prefix.ts';
import { IpamError } from './ipam-error.ts';
import { illegalMove, move, moveUnlisted } from './life-cycle.ts';
import type { Reservation } from './reservation.ts';

interface Parts {
  readonly table: AddressTable;
  readonly holdings: Holdings;
  readonly relay: EventRelay;
}

/**
 * What EC2 gives to the node and takes back: ENIs, prefixes and addresses. The methods are those of
 * {@link AddressBook}, where they are described; they leave it to the book to flush the relay.
 */
export class EniInventory {
  readonly #table: AddressTable;
  readonly #holdings: Holdings;
  readonly #relay: EventRelay;

  constructor({ table, holdings, relay }: Parts) {
    this.#table = table;
    this.#holdings = holdings;
    this.#relay = relay;
  }

  addEni(eni: EniDescription): void {
    if (this.#table.addEni(eni)) {
      this.#relay.add({ kind: 'eni-added', eni });
    }
  }

  setEniRole(eniId: EniId, role: EniRole): void {
    const eni = this.#table.eni(eniId);
    if (eni !== undefined) {
      this.addEni({ ...eni.description, role });
    }
  }

  removeEni(eniId: EniId): void {
    const eni = this.#table.eni(eniId);
    if (eni === undefined) {
      return;
    }
    const reservedCount = reservedCountOf(eni);
    if (reservedCount > 0) {
      throw new IpamError(
        'eni-in-use',
        `removing ${eniId}: ${reservedCount} of its addresses are reserved; release them first`,
        { facts: { eniId, reservedCount } },
      );
    }
    this.#delete(eni);
  }

  loseEni(eniId: EniId): readonly Reservation[] {
    const eni = this.#table.eni(eniId);
    if (eni === undefined) {
      return [];
    }
    const held = this.#heldOn(eniId);
    const stranded = [
      ...held.filter(({ record }) => record.prefix === undefined).map((one) => this.#lose(one)),
      ...[...eni.prefixes.values()].flatMap((prefix) => this.#losePrefix(prefix)),
    ];
    this.#delete(eni);
    return stranded;
  }

  addAddress(eniId: EniId, address: IpAddress): void {
    const record = this.#table.addAddress(eniId, address);
    if (record === undefined) {
      return;
    }
    const state = record.state === 'cooling' ? 'cooling' : 'free';
    this.#relay.add({ kind: 'address-added', eniId, address, state });
    this.#unstrand(record);
  }

  addPrefix(eniId: EniId, prefix: IpPrefix): void {
    const added = this.#table.addPrefix(eniId, prefix);
    if (added === undefined) {
      return;
    }
    this.#relay.add({ kind: 'prefix-added', eniId, prefix });
    for (const stranded of this.#holdings.strandedAddresses()) {
      this.#unstrand(this.#table.record(stranded));
    }
  }

  removeAddress(eniId: EniId, address: IpAddress): void {
    const record = this.#table.eni(eniId)?.addresses.get(address);
    if (record?.state === 'reserved') {
      throw illegalMove(record, 'removing');
    }
    if (record !== undefined) {
      this.#deleteAddress(record);
    }
  }

  removePrefix(eniId: EniId, prefix: IpPrefix): void {
    const record = this.#table.eni(eniId)?.prefixes.get(prefix);
    if (record === undefined) {
      return;
    }
    const reservedCount = record.counts.reserved;
    if (reservedCount > 0) {
      throw new IpamError(
        'prefix-in-use',
        `removing ${prefix} from ${eniId}: ${reservedCount} of its addresses are reserved; release them first`,
        { facts: { eniId, prefix, reservedCount } },
      );
    }
    this.#losePrefix(record);
  }

  loseAddress(eniId: EniId, address: IpAddress): Reservation | undefined {
    const record = this.#table.eni(eniId)?.addresses.get(address);
    const holding = this.#heldOn(eniId).find((held) => held.record === record);
    if (holding !== undefined) {
      return this.#lose(holding);
    }
    this.removeAddress(eniId, address);
    return undefined;
  }

  losePrefix(eniId: EniId, prefix: IpPrefix): readonly Reservation[] {
    const record = this.#table.eni(eniId)?.prefixes.get(prefix);
    return record === undefined ? [] : this.#losePrefix(record);
  }

  drain(eniId: EniId, blocks: readonly Ec2Block[]): void {
    this.#moveAll(eniId, blocks, { from: 'free', to: 'draining' });
    for (const block of blocks) {
      this.#relay.add(
        isPrefix(block)
          ? { kind: 'prefix-drained', eniId, prefix: block }
          : { kind: 'drained', eniId, address: block },
      );
    }
  }

  undrain(eniId: EniId, blocks: readonly Ec2Block[]): void {
    this.#moveAll(eniId, blocks, { from: 'draining', to: 'free' });
    for (const block of blocks) {
      this.#relay.add(
        isPrefix(block)
          ? { kind: 'prefix-undrained', eniId, prefix: block }
          : { kind: 'undrained', eniId, address: block },
      );
    }
  }

  /** Moves blocks of one ENI whose addresses are all in state `from`: all of them or none. */
  #moveAll(
    eniId: EniId,
    blocks: readonly Ec2Block[],
    { from, to }: { readonly from: AddressState; readonly to: AddressState },
  ): void {
    const found = new Set(blocks.map((block) => this.#recordOf(eniId, block)));
    const sparse = [...found].filter((one) => 'addresses' in one).filter((one) => one.isSparse);
    const records = new Set(
      [...found].flatMap((one) => ('addresses' in one ? [...one.addresses] : [one])),
    );
    for (const record of records) {
      if (record.state !== from) {
        throw illegalMove(record, `moving to ${to}`);
      }
    }
    for (const { prefix, eni, counts } of sparse) {
      if (counts[from] === 0) {
        throw illegalMove({ address: prefix, eni, state: to }, `moving to ${to}`);
      }
    }
    for (const record of records) {
      move(record, to);
    }
    for (const prefix of sparse) {
      moveUnlisted(prefix, { from, to });
    }
  }

  #recordOf(eniId: EniId, block: Ec2Block): AddressRecord | PrefixRecord {
    const eni = this.#table.eni(eniId);
    const record = isPrefix(block) ? eni?.prefixes.get(block) : eni?.addresses.get(block);
    if (record !== undefined) {
      return record;
    }
    throw new IpamError(
      isPrefix(block) ? 'prefix-unknown' : 'address-unknown',
      `looking for ${block}: EC2 does not assign it to ${eniId}, as far as the book knows`,
      { facts: { eniId, block } },
    );
  }

  #heldOn(eniId: EniId): readonly PlacedHolding[] {
    return this.#holdings.on(eniId);
  }

  #unstrand(record: AddressRecord | undefined): void {
    const reservation = record && this.#holdings.unstrand(record);
    if (reservation !== undefined) {
      this.#relay.add({ kind: 'restored', reservation });
    }
  }

  #lose(holding: PlacedHolding): Reservation {
    const reservation = this.#holdings.strand(holding);
    this.#deleteAddress(holding.record);
    this.#relay.add({ kind: 'stranded', reservation });
    return reservation;
  }

  #losePrefix(prefix: PrefixRecord): readonly Reservation[] {
    const { eniId } = prefix.eni.description;
    const stranded = this.#heldOn(eniId)
      .filter(({ record }) => record.prefix === prefix)
      .map((holding) => this.#holdings.strand(holding));
    this.#table.deletePrefix(prefix);
    this.#relay.add({ kind: 'prefix-removed', eniId, prefix: prefix.prefix });
    for (const reservation of stranded) {
      this.#relay.add({ kind: 'stranded', reservation });
    }
    return stranded;
  }

  /** Takes out an ENI that nobody holds anything of. */
  #delete(eni: EniRecord): void {
    for (const record of [...eni.addresses.values()]) {
      this.#deleteAddress(record);
    }
    for (const prefix of [...eni.prefixes.values()]) {
      this.#losePrefix(prefix);
    }
    this.#table.deleteEni(eni);
    this.#relay.add({ kind: 'eni-removed', eni: eni.description });
  }

  #deleteAddress(record: AddressRecord): void {
    const { address, state, eni } = record;
    this.#table.deleteAddress(record);
    const { eniId } = eni.description;
    this.#relay.add({ kind: 'address-removed', eniId, address, state });
  }
}
